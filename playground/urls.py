"""Pages of conversations."""

from django.urls import path

from playground import views
from playground.streams import live_turn

CONVERSATION = "conversations/<uuid:pk>"
UPLOAD = f"{CONVERSATION}/uploads/<str:file_id>"

urlpatterns = [
    path("", views.home, name="home"),
    path("projects/<uuid:pk>/open", views.open_project, name="open-project"),
    path("projects/<uuid:pk>/try-agent", views.try_agent, name="try-agent"),
    path("conversations", views.conversations, name="conversations"),
    path(CONVERSATION, views.conversation, name="conversation"),
    path(f"{CONVERSATION}/rename", views.rename, name="rename-conversation"),
    path(f"{CONVERSATION}/delete", views.delete, name="delete-conversation"),
    path(f"{CONVERSATION}/messages", views.messages, name="conversation-messages"),
    path(f"{CONVERSATION}/messages/<uuid:message_id>/retry", views.answer_again, name="answer-again"),
    path(f"{CONVERSATION}/markdown", views.as_markdown, name="conversation-markdown"),
    path(f"{CONVERSATION}/context", views.context, name="conversation-context"),
    path(f"{CONVERSATION}/uploads", views.uploads, name="conversation-uploads"),
    path(f"{CONVERSATION}/uploads/retry-failed", views.uploads_retry_failed, name="uploads-retry-failed"),
    path(f"{UPLOAD}/text", views.upload_text, name="upload-text"),
    path(f"{UPLOAD}/active", views.upload_active, name="upload-active"),
    path(f"{UPLOAD}/retry", views.upload_retry, name="upload-retry"),
    path(f"{UPLOAD}/delete", views.upload_delete, name="upload-delete"),
    path(f"{UPLOAD}/new-link", views.upload_new_link, name="upload-new-link"),
    path("turns/<uuid:pk>", views.turn, name="turn"),
    path("turns/<uuid:pk>/live", live_turn, name="live-turn"),
    path("turns/<uuid:pk>/cancel", views.cancel, name="cancel-turn"),
    path("turns/<uuid:pk>/receipt", views.receipt, name="turn-receipt"),
]
