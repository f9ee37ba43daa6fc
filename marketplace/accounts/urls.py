"""The pages of django-allauth under /account/: second factors, sessions, lost passwords, organizations' own sign-in."""

from __future__ import annotations

from allauth.account import views as account
from django.urls import include, path, re_path
from django.views.generic import RedirectView

urlpatterns = [
    # Names that allauth sends people to; the pages are ours.
    path("login/", RedirectView.as_view(pattern_name="login", query_string=True), name="account_login"),
    path("signup/", RedirectView.as_view(pattern_name="signup", query_string=True), name="account_signup"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    path("password/reset/key/done/", account.password_reset_from_key_done,
         name="account_reset_password_from_key_done"),
    re_path(r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$", account.password_reset_from_key,
            name="account_reset_password_from_key"),
    path("2fa/", include("allauth.mfa.urls")),
    path("", include("allauth.socialaccount.providers.openid_connect.urls")),
    path("sso-pages/", include("allauth.socialaccount.urls")),
]
