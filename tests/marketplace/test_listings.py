from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from billing import selectors as billing
from kernel.contracts import GRANT_KEY, SNAPSHOT_WHOLE, Grant
from kernel.problems import Problem
from marketplace.accounts import services as accounts
from marketplace.listings import grants, search, selectors, services, snapshots
from marketplace.listings.models import Subscription
from marketplace.listings.selectors import Filters

pytestmark = [pytest.mark.django_db, pytest.mark.stack]


def names(query: str = "", **chosen: tuple[str, ...]) -> list[str]:
    return [item.name for item in selectors.catalogue(query=query, filters=Filters(**chosen)).items]


@pytest.mark.parametrize(("query", "first"), [
    ("发票", "invoice-extract"), ("invoice", "invoice-extract"), ("invoices", "invoice-extract"),
    ("invioce", "invoice-extract"), ("invoic", "invoice-extract"), ("人脸", "face-detect"),
    ("face detection", "face-detect"),
    ("detecton face", "face-detect"), ("语种", "language.id"), ("language.id", "language.id"),
    ("小票 receipt", "receipt-extract"),
])
def test_search_finds_in_both_languages(shelf, query, first):
    found = names(query)
    assert found[0] == first


@pytest.mark.parametrize("query", ["zebra", "汽车", "!!!", "'; DROP TABLE", "%", "\0"])
def test_search_finds_nothing_where_nothing_fits(shelf, query):
    assert names(query) == []


def test_chinese_pieces_are_pairs():
    assert search.pieces("发票识别 OCR") == {"发票", "票识", "识别", "  o", " oc", "ocr", "cr "}


def test_facets_count_everything_else_selected(shelf):
    page = selectors.catalogue(filters=Filters(task=("document-extraction",), industry=("finance",)))
    assert [item.name for item in page.items] == ["invoice-extract"]
    tasks = {v.value: (v.count, v.selected) for v in page.facets["task"]}
    assert tasks == {"document-extraction": (1, True), "language-identification": (1, False),
                     "face-detection": (0, False)}
    assert {v.value: v.count for v in page.facets["industry"]} == {"finance": 1, "retail": 1, "security": 0}
    assert page.facets["task"][0].title_zh == "文档信息抽取"


def test_pages_follow_each_other(shelf):
    first = selectors.catalogue(limit=3)
    second = selectors.catalogue(limit=3, cursor=first.next_cursor)
    assert first.total == 4
    assert sorted(i.name for i in first.items + second.items) == sorted(shelf)
    assert not second.has_more
    for cursor in ("x", "eyJvIjotMX0=", "é", "W10="):
        with pytest.raises(Problem) as raised:
            selectors.catalogue(cursor=cursor)
        assert raised.value.code == "invalid_cursor"


def test_one_active_subscription(shelf, account):
    owner, org = account()
    first = services.subscribe(org=org, model="face-detect", plan="free", actor=owner)
    again = services.subscribe(org=org, model="face-detect", plan="payg", actor=owner)
    assert (again.pk, again.plan) == (first.pk, "payg")
    with pytest.raises(IntegrityError), transaction.atomic():
        Subscription.objects.create(organization=org, model=first.model, plan="free")
    services.unsubscribe(org=org, model="face-detect", actor=owner)
    assert services.subscribe(org=org, model="face-detect", plan="free", actor=owner).pk != first.pk
    assert selectors.subscribed_models(org) == ("face-detect",)


def test_strangers_neither_subscribe_nor_see(shelf, account):
    owner, org = account()
    stranger, other = account()
    made = services.subscribe(org=org, model="face-detect", plan="free", actor=owner)
    with pytest.raises(Problem) as raised:
        services.subscribe(org=org, model="language.id", plan="free", actor=stranger)
    assert raised.value.code == "not_found"
    with pytest.raises(Problem) as raised:
        selectors.subscription_by_id(other, made.pk)
    assert raised.value.code == "not_found"


def test_only_subscribers_review(shelf, account):
    owner, org = account()
    with pytest.raises(Problem) as raised:
        services.review(org=org, user=owner, model="face-detect", rating=5)
    assert raised.value.code == "not_subscribed"
    services.subscribe(org=org, model="face-detect", plan="free", actor=owner)
    services.review(org=org, user=owner, model="face-detect", rating=5)
    services.review(org=org, user=owner, model="face-detect", rating=3)
    assert selectors.rating(selectors.listing("face-detect")) == (3.0, 1)


def test_snapshots_follow_keys_and_subscriptions(shelf, account, wired, django_capture_on_commit_callbacks):
    owner, org = account()
    store = grants._redis()
    with django_capture_on_commit_callbacks(execute=True):
        key, _ = accounts.create_api_key(org=org, actor=owner, name="ci")
    name = GRANT_KEY.format(key_hash=key.key_hash)
    assert Grant.load(store.get(name)).models == ()
    with django_capture_on_commit_callbacks(execute=True):
        assert services.subscribe_to_all(org=org, plan="payg", actor=owner) == 4
    assert Grant.load(store.get(name)).models == tuple(sorted(shelf))
    assert [Grant.load(store.get(name))] == grants.build_grants(org)
    with django_capture_on_commit_callbacks(execute=True):
        accounts.revoke_api_key(org=org, actor=owner, key_id=key.pk)
    assert store.get(name) is None
    store.set(name, "stale")
    grants.rebuild_all()
    assert store.get(name) is None


def test_a_subscription_opens_the_account(shelf, account):
    owner, org = account()
    assert billing.account_of(org.pk) is None
    services.subscribe(org=org, model="face-detect", plan="payg", actor=owner)
    assert billing.spend_this_month(org.pk).spent_minor == 0


def test_an_emptied_redis_is_filled_again(shelf, account, wired, django_capture_on_commit_callbacks):
    owner, org = account()
    store = snapshots._redis()
    with django_capture_on_commit_callbacks(execute=True):
        key, _ = accounts.create_api_key(org=org, actor=owner, name="ci")
    name = GRANT_KEY.format(key_hash=key.key_hash)
    store.set(SNAPSHOT_WHOLE, "1")
    assert snapshots.mend() is False  # nothing is missing
    store.delete(name, SNAPSHOT_WHOLE)
    assert snapshots.mend() is True
    assert Grant.load(store.get(name)).key_id == key.pk
    assert store.exists(SNAPSHOT_WHOLE)
    assert snapshots.mend() is False
