"""API tokens in the admin: created, shown once, and revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from knox.models import get_digest_token
from knox.settings import CONSTANTS
from rest_framework.authtoken.models import TokenProxy
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from catalog.models import ApiToken, Scope

if admin.site.is_registered(TokenProxy):
    admin.site.unregister(TokenProxy)  # DRF's tokens keep working, but new ones are created here


class ApiTokenForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(
        choices=Scope.choices, widget=UnfoldAdminCheckboxSelectMultipleWidget, label=gettext_lazy("May be used to")
    )

    class Meta:
        model = ApiToken
        fields = ["name", "user", "scopes", "expiry"]

    def clean_expiry(self) -> Any:
        expiry = self.cleaned_data["expiry"]
        if expiry and expiry < timezone.now():
            raise ValidationError(_("This is in the past."))
        return expiry


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    form = ApiTokenForm
    list_display = ["name", "user", "allowed", "created", "expiry"]
    list_select_related = ["user"]
    search_fields = ["name", "user__username"]
    show_facets = admin.ShowFacets.NEVER

    @display(description=gettext_lazy("may be used to"))
    def allowed(self, token: ApiToken) -> str:
        return ", ".join(str(Scope(scope).label) for scope in token.scopes)

    def get_fields(self, request: HttpRequest, obj: ApiToken | None = None) -> list[str]:
        return ["name", "user", "allowed", "created", "expiry"] if obj else ["name", "user", "scopes", "expiry"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"user": request.user.pk, "expiry": timezone.now() + timedelta(days=365)}

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Only a superuser may create a token for another account: a token has the permissions of its account."""
        if db_field.name == "user":
            accounts = User.objects.filter(is_active=True)
            kwargs["queryset"] = accounts if request.user.is_superuser else accounts.filter(pk=str(request.user.pk))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        obj.digest, token = get_digest_token()
        obj.token_key = token[: CONSTANTS.TOKEN_KEY_LENGTH]
        super().save_model(request, obj, form, change)
        text = _("The token of %(name)s, shown this once: %(token)s") % {"name": obj.name, "token": token}
        self.message_user(request, text, messages.WARNING)

    def has_change_permission(self, request: HttpRequest, obj: ApiToken | None = None) -> bool:
        return False  # to change the scopes, create a new token and revoke this one
