"""The pages of projects."""

from django.urls import path

from projects import views

PROJECT = "projects/<uuid:pk>"

urlpatterns = [
    path(f"{PROJECT}/settings", views.project_settings, name="project-settings"),
    path(f"{PROJECT}/audit", views.audit, name="project-audit"),
    path(f"{PROJECT}/members", views.add_member, name="project-members"),
    path(f"{PROJECT}/members/<int:user_id>", views.change_member, name="project-member"),
]
