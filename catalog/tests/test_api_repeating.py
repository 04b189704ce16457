"""Calls that are repeated, and changes that cross: Idempotency-Key, ETag and If-Match."""

import threading

import pytest
from django.db import connection

from catalog.api.idempotency import delete_expired_answers
from catalog.models import IdempotentAnswer, Product

pytestmark = pytest.mark.django_db
URL = "/api/v1/products/"
HAT = {"sku": "hat-1", "title": "Hat"}


def test_a_repeated_call_takes_effect_once_and_is_answered_the_same(staff):
    first = staff.post(URL, HAT, headers={"Idempotency-Key": "a"})
    again = staff.post(URL, HAT, headers={"Idempotency-Key": "a"})
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json() and first["ETag"] == again["ETag"] and first["Location"] == again["Location"]
    assert again["Idempotency-Replayed"] == "true" and "Idempotency-Replayed" not in first
    assert Product.objects.count() == 1


def test_a_key_is_for_one_call(staff):
    staff.post(URL, HAT, headers={"Idempotency-Key": "a"})
    other = staff.post(URL, {"sku": "hat-2", "title": "Hat"}, headers={"Idempotency-Key": "a"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Product.objects.count() == 1


def test_a_call_that_failed_may_be_mended_under_its_key(staff):
    assert staff.post(URL, {"sku": "hat-1"}, headers={"Idempotency-Key": "a"}).status_code == 400
    assert staff.post(URL, HAT, headers={"Idempotency-Key": "a"}).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "ä", "a\tb"])
def test_a_bad_key_is_refused(staff, key):
    answer = staff.post(URL, HAT, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


def test_two_accounts_may_use_one_key(staff, admin_user, client_of):
    other = client_of("catalogue:write", user=admin_user)
    staff.post(URL, HAT, headers={"Idempotency-Key": "a"})
    assert other.post(URL, {"sku": "hat-2", "title": "Hat"}, headers={"Idempotency-Key": "a"}).status_code == 201


def test_answers_are_forgotten_after_a_day(staff):
    staff.post(URL, HAT, headers={"Idempotency-Key": "a"})
    assert delete_expired_answers() == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE catalog_idempotentanswer SET created = now() - interval '25 hours'")
    assert delete_expired_answers() == 1
    assert not IdempotentAnswer.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_calls_at_once_one_takes_effect(staff, client_of, clerk):
    clients = [client_of("catalogue:write", user=clerk) for _ in range(4)]
    answers = []

    def send(client):
        try:
            answers.append(client.post(URL, HAT, headers={"Idempotency-Key": "a"}))
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert 201 in {answer.status_code for answer in answers} and Product.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_products_of_one_sku_at_once_one_is_refused(client_of, clerk):
    clients = [client_of("catalogue:write", user=clerk) for _ in range(4)]
    statuses = []

    def send(client):
        try:
            statuses.append(client.post(URL, HAT).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=[client]) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 400, 400, 400]


def test_what_another_changed_meanwhile_is_not_overwritten(staff, make_product):
    make_product("hat-1")
    etag = staff.get(f"{URL}hat-1/")["ETag"]
    mine = staff.patch(f"{URL}hat-1/", {"title": "Mine"}, headers={"If-Match": etag})
    assert mine.status_code == 200 and mine["ETag"] != etag
    for method in (staff.patch, staff.put, staff.delete):
        theirs = method(f"{URL}hat-1/", {"sku": "hat-1", "title": "Theirs"}, headers={"If-Match": etag})
        assert (theirs.status_code, theirs.json()["code"]) == (412, "precondition_failed")
    assert Product.objects.get().title == "Mine"
    assert staff.delete(f"{URL}hat-1/", headers={"If-Match": mine["ETag"]}).status_code == 204


def test_a_new_photo_changes_the_etag_of_its_product(staff, make_product):
    product = make_product("hat-1", photos=2)
    etag = staff.get(f"{URL}hat-1/")["ETag"]
    product.images.last().delete()
    assert staff.get(f"{URL}hat-1/")["ETag"] != etag


def test_what_is_unchanged_is_not_sent_again(staff, make_product):
    make_product("hat-1", photos=1)
    for address in (f"{URL}hat-1/", f"{URL}hat-1/images/{Product.objects.get().images.get().pk}/"):
        etag = staff.get(address)["ETag"]
        again = staff.get(address, headers={"If-None-Match": etag})
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
        assert staff.get(address, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_photo_is_guarded_by_its_etag_too(staff, make_product):
    image = make_product("hat-1", photos=1).images.get()
    address = f"{URL}hat-1/images/{image.pk}/"
    assert staff.delete(address, headers={"If-Match": '"other"'}).status_code == 412
    changed = staff.patch(address, {"position": 5}, headers={"If-Match": staff.get(address)["ETag"]})
    assert changed.status_code == 200 and changed.json()["position"] == 5
