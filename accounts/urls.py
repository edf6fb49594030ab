"""Sign-in and the visitor's own account. No address signs anybody up."""

from allauth.account import views as allauth
from django.urls import path

from accounts import views

urlpatterns = [
    path("sign-in", allauth.login, name="account_login"),
    path("sign-out", allauth.logout, name="account_logout"),
    path("account", views.account, name="account"),
    path("account/theme", views.theme, name="theme"),
    path("account/tokens", views.make_token, name="make-token"),
    path("account/tokens/<uuid:public_id>/revoke", views.revoke_token, name="revoke-token"),
    path("account/password", allauth.password_change, name="account_change_password"),
    # Where allauth leads those who have no password yet, and those who were deactivated.
    path("account/password/set", allauth.password_set, name="account_set_password"),
    path("account/inactive", allauth.account_inactive, name="account_inactive"),
]
