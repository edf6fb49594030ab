"""Pages and content of artifacts."""

from django.urls import path

from artifacts import views
from artifactsite.lib.serving import raw_content

ARTIFACT = "artifacts/<uuid:pk>"

urlpatterns = [
    path("artifacts", views.gallery, name="artifacts"),
    path("artifacts/delete", views.delete_selection, name="artifacts-delete"),
    path("artifacts/save", views.save_selection, name="artifacts-save"),
    path("artifacts/zip", views.zip_selection, name="artifacts-zip"),
    path("artifacts/deletions/<uuid:pk>/undo", views.undo_deletion, name="artifacts-undo"),
    path(ARTIFACT, views.artifact, name="artifact"),
    path(f"{ARTIFACT}/image", raw_content(views.image), name="artifact-image"),
    path(f"{ARTIFACT}/frame", raw_content(views.frame), name="artifact-frame"),
    path(f"{ARTIFACT}/media", raw_content(views.media), name="artifact-media"),
    path(f"{ARTIFACT}/page", raw_content(views.page), name="artifact-page"),
    path(f"{ARTIFACT}/rows", views.rows, name="artifact-rows"),
    path(f"{ARTIFACT}/grid", views.prepare_grid, name="artifact-grid"),
    path(f"{ARTIFACT}/card", views.card, name="artifact-card"),
    path(f"{ARTIFACT}/tile", views.tile, name="artifact-tile"),
    path(f"{ARTIFACT}/diff", views.diff, name="artifact-diff"),
    path(f"{ARTIFACT}/save", views.save, name="artifact-save"),
    path(f"{ARTIFACT}/edit", views.edit, name="artifact-edit"),
    path(f"{ARTIFACT}/content", views.content, name="artifact-content"),
    path(f"{ARTIFACT}/visibility", views.visibility, name="artifact-visibility"),
    path(f"{ARTIFACT}/transfer", views.transfer, name="artifact-transfer"),
    path("projects/<uuid:pk>/left-behind", views.left_behind, name="project-left-behind"),
    path(f"{ARTIFACT}/delete", views.delete, name="artifact-delete"),
    path(f"{ARTIFACT}/versions/<int:number>/restore", views.restore, name="artifact-restore"),
]
