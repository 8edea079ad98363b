"""Where an issue goes, before anybody is chosen."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.router import rules
from services.router.rules import Condition, Outcome, Tried
from shared.contracts.issue import Source, Urgency
from shared.contracts.organisation import Mail, Organisation, Rule, When
from tests.unit import build
from tests.unit.build import CUSTOMER, at


def rule(name: str = "a rule", when: dict[str, Any] | None = None, **said: Any) -> Rule:
    return Rule.model_validate({"name": name, "when": when or {}, **said})


def company(*all_rules: Rule) -> Organisation:
    return build.organisation(rules=all_rules)


def fires(when: dict[str, Any], **said: Any) -> bool:
    """Whether a rule with these conditions fires for a customer's mail."""
    facts = rules.Facts(build.raised(**said), company())
    return rules.fires(When.model_validate(when), facts)


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
    ("when", "said", "expected"),
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
    when: dict[str, Any], said: dict[str, Any], expected: bool
) -> None:
    assert fires(when, **said) is expected


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
    when = {"words": [word, word + word]}

    assert fires(when, summary=text, description="")
    assert fires(when, summary="-", description=text)


def test_a_word_is_not_glued_together_from_summary_and_description() -> None:
    assert not fires({"words": "outstock"}, summary="out", description="stock")


@pytest.mark.parametrize(
    ("pattern", "customer", "expected"),
    [
        ("Umi Foods", "ＵＭＩ　ｆｏｏｄｓ", True),
        ("(株)海", " ㈱海 ", True),
        ("Umi Foods", "Umi Foods Ltd", False),
        ("Umi*", "Umi Foods Ltd", True),
        ("*ltd", "Umi Foods Ltd", True),
        ("*foods*", "Umi Foods Ltd", True),
        ("u*f*d", "Umi Foods Ltd", True),
        ("u*x*d", "Umi Foods Ltd", False),
        ("umi*umi", "Umi", False),
        ("umi*foods*foods", "Umi Foods", False),
        ("*o*o*o*", "Umi Foods", False),
        ("*", "anybody", True),
        ("*", None, False),
        ("*", " ", False),
        (["Yama*", "umi foods"], "Umi Foods", True),
    ],
)
def test_a_customer_is_known_by_name_or_pattern(
    pattern: Any, customer: str | None, expected: bool
) -> None:
    assert fires({"customer": pattern}, customer=customer) is expected


@given(name=st.text(alphabet="ab*.", max_size=12), pattern=st.text(alphabet="ab*.", max_size=8))
def test_a_pattern_is_what_a_regular_expression_says(name: str, pattern: str) -> None:
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))

    assert rules.is_like(name, pattern) == bool(re.fullmatch(expression, name))


@pytest.mark.parametrize(
    ("wall", "zone", "during", "at_work"),
    [
        ("2026-06-01 09:00", "Asia/Tokyo", True, True),
        ("2026-06-01 11:59", "Asia/Tokyo", True, True),
        ("2026-06-01 12:00", "Asia/Tokyo", False, False),
        ("2026-06-01 02:00", "UTC", True, True),
        ("2026-05-31 19:00", "America/Los_Angeles", True, True),
        ("2026-06-06 10:00", "Asia/Tokyo", True, False),
        ("2026-05-04 10:00", "Asia/Tokyo", True, False),
        ("2026-06-07 10:00", "Asia/Tokyo", False, False),
    ],
)
def test_a_rule_may_ask_when_it_was_brought_in(
    wall: str, zone: str, during: bool, at_work: bool
) -> None:
    """On the company's clock. The fourth of May is a holiday, which only `at_work` knows."""
    instant = at(wall, zone)

    assert fires({"during": {"mon-sat": "09:00-12:00"}}, occurred_at=instant) is during
    assert fires({"at_work": True}, occurred_at=instant) is at_work
    assert fires({"at_work": False}, occurred_at=instant) is not at_work


# Rotas, schedules and policies

NAME = {"ja": "当番", "en": "On call"}


def company_with_a_desk(*all_rules: Rule, **said: Any) -> Organisation:
    """`on-call` changes each Monday; `desk` has Monday for `yui`, Tuesday for a team, Wednesday
    for the rota, and nobody later on."""
    on_call = {"id": "on-call", "name": NAME, "people": ["ren", "ume"], "starts": "2026-06-01"}
    shifts = [
        {"during": {"mon": "00:00-24:00"}, "person": "yui"},
        {"during": {"tue": "00:00-24:00"}, "team": "sales"},
        {"during": {"wed": "00:00-24:00"}, "rota": "on-call"},
    ]
    desk = {"id": "desk", "name": NAME, "shifts": shifts}
    return build.organisation(rules=all_rules, rotas=[on_call], schedules=[desk], **said)


@pytest.mark.parametrize(("day", "person", "team"), [(1, "ren", "product"), (8, "ume", "shipping")])
def test_a_rule_may_send_it_to_whose_turn_it_is_when_it_is_brought_in(
    day: int, person: str, team: str
) -> None:
    organisation = company_with_a_desk(rule(rota="on-call"))

    route = rules.route(build.raised(occurred_at=at(f"2026-06-{day:02} 10:00")), organisation)

    assert (route.person_id, route.team_id) == (person, team)
    assert (route.rota_id, route.schedule_id, route.unclear) == ("on-call", None, False)


@pytest.mark.parametrize(
    ("day", "person", "team", "rota"),
    [(1, "yui", "shipping", None), (2, None, "sales", None), (3, "ren", "product", "on-call")],
)
def test_a_rule_may_send_it_to_whom_a_schedule_names(
    day: int, person: str | None, team: str, rota: str | None
) -> None:
    organisation = company_with_a_desk(rule(schedule="desk"))

    route = rules.route(build.raised(occurred_at=at(f"2026-06-{day:02} 10:00")), organisation)

    assert (route.person_id, route.team_id) == (person, team)
    assert (route.rota_id, route.schedule_id) == (rota, "desk")


@pytest.mark.parametrize(
    ("said", "team"),
    [({}, "product"), ({"category": "late"}, "shipping"), ({"team": "sales"}, "sales")],
)
def test_in_a_gap_of_the_schedule_it_goes_where_it_would_go_without_one(
    said: dict[str, Any], team: str
) -> None:
    organisation = company_with_a_desk(rule(schedule="desk", **said))

    route = rules.route(build.raised(occurred_at=at("2026-06-04 10:00")), organisation)

    assert (route.team_id, route.person_id, route.schedule_id) == (team, None, None)
    assert not route.unclear


def test_a_rule_with_a_team_and_a_rota_means_both() -> None:
    organisation = company_with_a_desk(rule(rota="on-call", team="sales"))

    route = rules.route(build.raised(), organisation)

    assert (route.person_id, route.team_id) == ("ren", "sales")


def test_a_rules_person_who_is_not_there_is_nobody() -> None:
    route = rules.route(build.raised(), company(rule(person="nobody", team="sales")))

    assert (route.person_id, route.team_id) == (None, "sales")


@pytest.mark.parametrize(
    ("category", "said", "unclear"),
    [
        (None, {"carrier": "sho"}, True),
        (None, {"team": "sales"}, False),
        (None, {"category": "late"}, False),
        ("late", {"urgency": "high"}, False),
        ("odd", {"urgency": "high"}, False),
        ("no such category", {"urgency": "high"}, True),
    ],
)
def test_it_is_unclear_where_neither_rule_nor_category_says_where_it_belongs(
    category: str | None, said: dict[str, Any], unclear: bool
) -> None:
    route = rules.route(build.raised(category=category), company(rule(**said)))

    assert route.unclear is unclear


def test_without_rules_only_a_category_makes_it_clear() -> None:
    assert rules.route(build.raised(), company()).unclear
    assert not rules.route(build.raised(category="late"), company()).unclear


@pytest.mark.parametrize(
    ("ruled", "category", "urgency", "policy"),
    [
        ({}, None, Urgency.NORMAL, None),
        ({}, "late", Urgency.NORMAL, "calm"),
        ({"policy": "quick"}, "late", Urgency.NORMAL, "quick"),
        ({"policy": {"high": "quick"}}, "late", Urgency.NORMAL, "calm"),
        ({"policy": {"high": "quick"}}, "late", Urgency.HIGH, "quick"),
        ({"policy": {"high": "quick"}}, "broken", Urgency.LOW, None),
    ],
)
def test_the_policy_is_the_rules_else_the_categorys_else_the_urgencys(
    ruled: dict[str, Any], category: str | None, urgency: Urgency, policy: str | None
) -> None:
    categories = [
        one.model_copy(update={"policy": dict.fromkeys(Urgency, "calm")})
        if one.id == "late"
        else one
        for one in build.organisation().categories
    ]
    organisation = build.organisation(
        rules=(rule(team="product", **ruled),),
        categories=tuple(categories),
        more_policies={"calm": build.policy(), "quick": build.policy()},
    )

    route = rules.route(build.raised(category=category, urgency=urgency), organisation)

    assert route.policy == policy


# Which rule, and why not the others

EVERYTHING_ELSE = {
    "product": "meter",
    "category": "late",
    "source": "web",
    "urgency": "high",
    "language": "ja",
    "to": "ship@example.com",
    "customer": "Umi*",
    "fields": {"since": "always"},
    "during": {"sun": "00:00-24:00"},
    "at_work": False,
    "words": "stock",
}


def test_each_rule_tells_whether_it_fired_and_all_that_failed() -> None:
    first = rule("first", EVERYTHING_ELSE, team="sales")
    second = rule("second", {"source": "email"}, team="shipping")
    third = rule("third", team="product")
    fourth = rule("fourth", {"words": ["stock"], "language": "en"}, team="product")

    tried = rules.explain(build.raised(), company(first, second, third, fourth))

    assert tried == (
        Tried(first, Outcome.FAILED, tuple(Condition)),
        Tried(second, Outcome.FIRED),
        Tried(third, Outcome.BEATEN),
        Tried(fourth, Outcome.FAILED, (Condition.WORDS,)),
    )


WHENS = st.fixed_dictionaries(
    {},
    optional={
        "source": st.sampled_from(["web", "email"]),
        "language": st.sampled_from(["ja", "en"]),
        "words": st.sampled_from(["start", "stock"]),
        "at_work": st.booleans(),
    },
)


@given(
    whens=st.lists(WHENS, max_size=5),
    source=st.sampled_from(Source),
    language=st.sampled_from(["ja", "en"]),
)
def test_the_rule_that_is_said_to_fire_is_the_one_that_decides(
    whens: list[dict[str, Any]], source: Source, language: str
) -> None:
    organisation = company(*(rule(f"{n}", when, team="sales") for n, when in enumerate(whens)))
    raised = build.raised(source=source, language=language)

    tried = rules.explain(raised, organisation)

    fired = [one.rule.name for one in tried if one.outcome is Outcome.FIRED]
    assert fired == [name for name in [rules.route(raised, organisation).rule] if name]
    assert all(bool(one.failed) == (one.outcome is Outcome.FAILED) for one in tried)


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
