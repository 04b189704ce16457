"""Every member of staff has a page of her own account, and changes nothing there but her name and address."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

ACCOUNT = "/admin/account/"


@pytest.fixture
def clerk(db: None) -> User:
    user = User.objects.create_user("clerk", is_staff=True)
    user.groups.add(Group.objects.get(name="Catalogue staff"))
    return user


def test_staff_see_their_groups_and_change_their_address(clerk: User) -> None:
    client = Client()
    client.force_login(clerk)
    assert "Catalogue staff" in client.get(ACCOUNT).content.decode()
    said = {"first_name": "Ada", "last_name": "L", "email": "ada@shop.example", "is_superuser": "1", "username": "boss"}
    assert client.post(ACCOUNT, said).status_code == 302
    clerk.refresh_from_db()
    assert (clerk.first_name, clerk.email, clerk.username) == ("Ada", "ada@shop.example", "clerk")
    assert not clerk.is_superuser
    answer = client.post(ACCOUNT, {"email": "no address"})
    assert answer.status_code == 200 and "valid email" in answer.content.decode()
    assert ACCOUNT in client.get("/admin/").content.decode()


def test_shoppers_with_an_account_have_no_such_page(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create_user("shopper"))
    assert "login" in client.get(ACCOUNT).headers["Location"]
