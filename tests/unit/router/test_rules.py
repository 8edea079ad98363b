"""Where an issue goes, before anybody is chosen."""

from __future__ import annotations

from typing import Any

import pytest

from services.router import rules
from shared.contracts.issue import Source, Urgency
from shared.contracts.organisation import Mail, Organisation, Rule, When
from tests.unit import build
from tests.unit.build import CUSTOMER


def rule(name: str = "a rule", when: dict[str, Any] | None = None, **said: Any) -> Rule:
    return Rule.model_validate({"name": name, "when": when or {}, **said})


def company(*all_rules: Rule) -> Organisation:
    return build.organisation(rules=all_rules)


def test_the_first_rule_that_fires_says_where_it_goes() -> None:
    organisation = company(
        rule("web only", {"source": "web"}, team="sales"),
        rule("first", {"source": "email"}, team="shipping"),
        rule("second", {"source": "email"}, team="product"),
    )

    route = rules.route(build.raised(source=Source.EMAIL), organisation)

    assert (route.team_id, route.rule) == ("shipping", "first")


def test_without_a_rule_the_category_says_where_it_goes() -> None:
    route = rules.route(build.raised(category="late"), company())

    assert (route.team_id, route.category, route.rule) == ("shipping", "late", None)


@pytest.mark.parametrize("category", [None, "odd", "no such category"])
def test_without_rule_and_category_it_goes_to_the_default_team(category: str | None) -> None:
    """A category may have no team, or be the reporter's own word."""
    route = rules.route(build.raised(category=category), company())

    assert route.team_id == "product"


def test_a_rule_may_give_a_category_and_leave_the_team_to_it() -> None:
    organisation = company(rule(when={"words": "delivery"}, category="late"))

    route = rules.route(build.raised(summary="No delivery"), organisation)

    assert (route.team_id, route.category) == ("shipping", "late")


def test_what_the_reporter_chose_outranks_the_category_of_a_rule() -> None:
    organisation = company(rule(category="late"))

    route = rules.route(build.raised(category="broken"), organisation)

    assert route.category == "broken"


def test_words_that_the_organisation_does_not_know_are_not_kept_as_product_or_category() -> None:
    raised = build.raised(product="the blue one", category="sad")

    route = rules.route(raised, company())

    assert (route.product, route.category) == (None, None)


def test_a_rule_that_names_a_person_sends_it_to_their_team() -> None:
    route = rules.route(build.raised(), company(rule(person="yui")))

    assert (route.person_id, route.team_id) == ("yui", "shipping")


def test_a_rule_that_names_a_person_and_a_team_means_both() -> None:
    route = rules.route(build.raised(), company(rule(person="yui", team="product")))

    assert (route.person_id, route.team_id) == ("yui", "product")


@pytest.mark.parametrize(
    ("said", "ruled", "found"),
    [
        (Urgency.LOW, "high", Urgency.LOW),
        (None, "high", Urgency.HIGH),
        (None, None, Urgency.NORMAL),
        (Urgency.HIGH, None, Urgency.HIGH),
    ],
)
def test_the_reporters_urgency_outranks_a_rules_and_otherwise_it_is_normal(
    said: Urgency | None, ruled: str | None, found: Urgency
) -> None:
    organisation = company(rule(urgency=ruled, team="product"))

    assert rules.route(build.raised(urgency=said), organisation).urgency is found


def test_a_reporter_inside_carries_their_own_issue() -> None:
    organisation = company(rule(carrier="aki", team="product"))

    route = rules.route(build.raised(reporter_id="sho", product="meter"), organisation)

    assert route.carrier_id == "sho"


def test_whoever_is_written_for_carries_it() -> None:
    raised = build.raised(reporter_id="sho", on_behalf_of_id="emi")

    assert rules.route(raised, company()).carrier_id == "emi"


def test_nobody_outside_becomes_a_carrier() -> None:
    raised = build.raised(reporter_id=CUSTOMER, on_behalf_of_id="x-2")

    assert rules.route(raised, company()).carrier_id in build.organisation().person


def test_a_customers_message_is_carried_by_whom_the_rule_names() -> None:
    organisation = company(rule(carrier="sho"))

    assert rules.route(build.raised(product="meter"), organisation).carrier_id == "sho"


def test_a_customers_message_is_carried_by_whom_the_product_names() -> None:
    organisation = company(rule(team="product"))

    assert rules.route(build.raised(product="meter"), organisation).carrier_id == "emi"


@pytest.mark.parametrize("product", [None, "mini", "the blue one"])
def test_a_customers_message_that_names_nobody_goes_to_the_default_carrier(
    product: str | None,
) -> None:
    """A product may name no carrier."""
    assert rules.route(build.raised(product=product), company()).carrier_id == "aki"


@pytest.mark.parametrize(
    ("when", "said", "fires"),
    [
        ({}, {}, True),
        ({"product": ["meter", "mini"]}, {"product": "mini"}, True),
        ({"product": "meter"}, {"product": "mini"}, False),
        ({"product": "meter"}, {"product": None}, False),
        ({"product": "none"}, {"product": None}, True),
        ({"product": "none"}, {"product": "meter"}, False),
        ({"category": "late"}, {"category": "late"}, True),
        ({"category": "late"}, {"category": "broken"}, False),
        ({"category": ["late", "none"]}, {"category": None}, True),
        ({"source": "web"}, {"source": Source.WEB}, True),
        ({"source": "web"}, {"source": Source.API}, False),
        ({"urgency": "high"}, {"urgency": Urgency.HIGH}, True),
        ({"urgency": "high"}, {"urgency": None}, False),
        ({"urgency": "normal"}, {"urgency": None}, True),
        ({"language": "ja"}, {"language": "ja"}, True),
        ({"language": "ja"}, {"language": "en"}, False),
        ({"words": "button"}, {}, True),
        ({"words": ["nothing", "start"]}, {}, True),
        ({"words": "stock"}, {}, False),
        ({"source": "email", "words": "stock"}, {}, False),
        ({"to": "ship@example.com"}, {"addressed_to": ("issues@x", "Ship@Example.com")}, True),
        ({"to": "Ship@example.com"}, {"addressed_to": ("ship@example.com",)}, True),
        ({"to": "ship@example.com"}, {"addressed_to": ("issues@example.com",)}, False),
        ({"to": "ship@example.com"}, {"addressed_to": ()}, False),
        ({"fields": {"since": ["a", "b"]}}, {"fields": {"since": "b", "more": "x"}}, True),
        ({"fields": {"since": "a"}}, {"fields": {"since": "b"}}, False),
        ({"fields": {"since": "a"}}, {"fields": {}}, False),
        ({"fields": {"since": "a", "more": "x"}}, {"fields": {"since": "a"}}, False),
    ],
)
def test_a_rule_fires_where_all_that_it_asks_for_holds(
    when: dict[str, Any], said: dict[str, Any], fires: bool
) -> None:
    assert rules.fires(When.model_validate(when), build.raised(**said)) is fires


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("マニュアル", "ﾏﾆｭｱﾙが難しい"),
        ("ﾏﾆｭｱﾙ", "マニュアルが難しい"),
        ("error", "ＥＲＲＯＲ 42"),
        ("ERROR", "an error"),
        ("straße", "STRASSE"),
        ("(株)", "㈱みなと"),
    ],
)
def test_a_word_is_found_whatever_its_width_and_case(word: str, text: str) -> None:
    when = When.model_validate({"words": [word, word + word]})

    assert rules.fires(when, build.raised(summary=text, description=""))
    assert rules.fires(when, build.raised(summary="-", description=text))


def test_a_word_is_not_glued_together_from_summary_and_description() -> None:
    when = When.model_validate({"words": "outstock"})

    assert not rules.fires(when, build.raised(summary="out", description="stock"))


# Who is on copy

TWO_ADDRESSES = ("issues@example.com", "Ship@example.com")


def company_with_two_addresses(*more: Rule) -> Organisation:
    mail = Mail(issues=("Issues@example.com", "ship@example.com"), sender="banso@example.com")
    by_address = rule("to shipping", {"to": "ship@example.com"}, team="shipping")
    return build.organisation(mail=mail, rules=(by_address, *more))


def test_a_mail_to_two_of_our_addresses_is_handled_once_and_both_teams_know() -> None:
    raised = build.raised(addressed_to=TWO_ADDRESSES)
    organisation = company_with_two_addresses()

    assert rules.route(raised, organisation).team_id == "shipping"
    assert rules.others_addressed(raised, organisation) == ("product",)
    assert rules.followers(raised, "yui", "emi", organisation) == ["mio"]


def test_an_address_for_which_the_same_team_is_right_adds_nobody() -> None:
    organisation = company_with_two_addresses(rule("the rest", team="shipping"))

    raised = build.raised(addressed_to=TWO_ADDRESSES)

    assert rules.others_addressed(raised, organisation) == ()


@pytest.mark.parametrize(
    "addresses", [(), ("issues@example.com",), ("ship@example.com", "banso@example.com")]
)
def test_a_mail_to_one_of_our_addresses_has_no_other_team(addresses: tuple[str, ...]) -> None:
    """What goes to the address from which we write goes to no team by itself."""
    raised = build.raised(addressed_to=addresses)

    assert rules.others_addressed(raised, company_with_two_addresses()) == ()


def test_whom_the_reporter_names_is_on_copy_once_and_nobody_who_is_part_of_it() -> None:
    named = ("sho", "mio", "sho", "emi", "ren", CUSTOMER, "x-2")
    raised = build.raised(follower_ids=named, addressed_to=TWO_ADDRESSES)

    followers = rules.followers(raised, "ren", "emi", company_with_two_addresses())

    assert followers == ["sho", "mio", "x-2"]


def test_of_a_confidential_issue_only_those_get_a_copy_who_are_named() -> None:
    raised = build.raised(follower_ids=("sho",), addressed_to=TWO_ADDRESSES, confidential=True)

    assert rules.followers(raised, "yui", "emi", company_with_two_addresses()) == ["sho"]
