"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from artifactsite.operations import health, views

# One door for all, the throttled one.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns = [
    # Compared with an address one after the other: what is asked most stands first, here and in the API.
    path("api/", include("artifactsite.api")),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("operations", views.operations, name="operations"),
    path("operations/jobs/<uuid:pk>/requeue", views.requeue, name="requeue-job"),
    path("operations/jobs/<uuid:pk>/cancel", views.cancel, name="cancel-job"),
    path("admin/", admin.site.urls),
    path("", include("django_prometheus.urls")),
    path("", include("accounts.urls")),
    path("", include("projects.urls")),
    path("", include("playground.urls")),
    path("", include("artifacts.urls")),
]

handler400 = "artifactsite.lib.errors.bad_request"
handler403 = "artifactsite.lib.errors.permission_denied"
handler404 = "artifactsite.lib.errors.not_found"
handler500 = "artifactsite.lib.errors.server_error"
