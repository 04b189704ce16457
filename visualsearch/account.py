"""The page of one's own account, for every member of staff: name, e-mail, what one may do."""

from __future__ import annotations

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminTextInputWidget

from catalog.models import ApiToken


class AccountForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["first_name", "last_name", "email"]
        widgets = {
            "first_name": UnfoldAdminTextInputWidget(attrs={"autocomplete": "given-name"}),
            "last_name": UnfoldAdminTextInputWidget(attrs={"autocomplete": "family-name"}),
            "email": UnfoldAdminEmailInputWidget(attrs={"autocomplete": "email"}),
        }


def account(request: HttpRequest) -> HttpResponse:
    user = get_object_or_404(User, username=request.user.get_username())
    form = AccountForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("admin_account")
    context = {
        **admin.site.each_context(request),
        "title": _("Your account"),
        "form": form,
        "groups": user.groups.order_by("name"),
        "tokens": ApiToken.objects.filter(user=user).count(),
    }
    return render(request, "admin/account.html", context)
