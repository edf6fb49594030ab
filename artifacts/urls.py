"""Pages and content of artifacts."""

from django.urls import path

from artifacts import views

urlpatterns = [
    path("artifacts/<uuid:pk>/image", views.image, name="artifact-image"),
    path("artifacts/<uuid:pk>/frame", views.frame, name="artifact-frame"),
]
