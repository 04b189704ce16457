from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from rest_framework.test import APIClient

from catalog.models import ApiToken, Scope


@pytest.fixture
def clerk(db: None) -> User:
    """Of the group Catalogue staff."""
    user = User.objects.create_user("clerk", is_staff=True)
    user.groups.add(Group.objects.get(name="Catalogue staff"))
    return user


@pytest.fixture
def client_of(clerk: User) -> Callable[..., APIClient]:
    """client_of("catalogue:write", user=...): a client with a token of these scopes."""

    def make(*scopes: str, user: User = clerk, name: str = "ERP") -> APIClient:
        _row, token = ApiToken.objects.create(user, expiry=timedelta(days=1), name=name, scopes=list(scopes))
        return APIClient(headers={"Authorization": f"Bearer {token}"})

    return make


@pytest.fixture
def staff(client_of: Callable[..., APIClient]) -> APIClient:
    """A client of Catalogue staff with every scope."""
    return client_of(*Scope.values)


@pytest.fixture
def anyone() -> APIClient:
    return APIClient()
