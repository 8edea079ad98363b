"""What is odd about an organisation that can be put in force all the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from services.router.organisation import Severity, cautions, examine_text
from services.router.organisation.findings import Remark
from shared.contracts.organisation import Category, Organisation
from tests.unit import build
from tests.unit.build import MONDAY
from tests.unit.router.test_organisation import USABLE, line_of

NAME = {"ja": "名", "en": "Name"}


def remarks(organisation: Organisation) -> list[Remark]:
    return list(cautions.remarks(organisation, MONDAY))


def odd(**said: Any) -> list[tuple[str, str]]:
    """Where something is odd, and what."""
    found = remarks(build.organisation(**({"people": people()} | said)))
    assert all(one.remedy for one in found)
    return [(" ".join(map(str, one.place)), one.problem) for one in found]


def rule(name: str, when: Mapping[str, Any], **said: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "team": "product"} | said


def people(**changes: Mapping[str, Any]) -> tuple[Any, ...]:
    """Everybody, some of them otherwise; `mio` stands in for the leader, and `yui` would run
    alongside somebody."""
    usual = {"kai": {"substitute": "mio"}, "yui": {"companion": True}}
    return tuple(
        one.model_copy(update={**usual.get(one.id, {}), **changes.get(one.id, {})})
        for one in build.organisation().people
    )


def test_nothing_is_odd_about_an_ordinary_organisation() -> None:
    assert odd() == []


def test_a_company_in_which_nobody_would_run_alongside_anybody_is_odd() -> None:
    found = odd(people=people(yui={"companion": False}))

    assert [place for place, _ in found] == ["people"]
    assert "the leader always has to" in found[0][1]


def test_a_leader_for_whom_nobody_stands_in_is_odd() -> None:
    """What climbs up while they are away goes to whichever lead comes first, or waits for them."""
    where = [one.id for one in build.organisation().people].index("kai")

    assert odd(people=people(kai={"substitute": None})) == [
        (f"people {where}", "nobody stands in for the leader `kai`")
    ]


def test_a_warning_names_its_line_and_stops_nothing() -> None:
    text = USABLE.replace(
        "when: {category: [none, broken], product: [meter, none], words: [error]}", "when: {}"
    )

    examined = examine_text(text)
    found = examined.warnings(MONDAY)

    assert examined.organisation.rules[0].name == "broken words"
    assert [one.line for one in found if "rule `broken words` (1) fires" in one.problem] == [
        line_of("- name: asked for", text),
        line_of("- name: at the weekend", text),
    ]
    assert {one.severity for one in found} == {Severity.WARNING}
    assert [one.line for one in found] == sorted(one.line for one in found)


def test_a_rule_behind_one_that_always_fires_is_told_with_its_name() -> None:
    rules = [rule("all", {}), rule("stock", {"words": "stock"})]

    assert odd(rules=rules) == [
        (
            "rules 1",
            "rule `stock` never fires: rule `all` (1) fires whenever it would, and comes first",
        )
    ]


def test_a_rule_behind_several_that_leave_nothing_is_told() -> None:
    rules = [rule(one, {"source": one}) for one in ("web", "email", "api")]

    assert odd(rules=[*rules, rule("rest", {})]) == [
        ("rules 3", "rule `rest` never fires: the rules before it fire whenever it would")
    ]


@pytest.mark.parametrize(
    ("when", "why"),
    [
        (
            {"during": {"sun": "09:00-12:00"}, "at_work": True},
            "no minute of the week is as its times (`during:`, `at_work:`) say",
        ),
        (
            {"to": "issues@example.com", "source": "api"},
            "only a mail comes to an address (`to:`), and its `source:` leaves mail out",
        ),
        ({"customer": "　"}, "no issue can be as its `customer:` says"),
    ],
)
def test_a_rule_that_contradicts_itself_is_told(when: dict[str, Any], why: str) -> None:
    assert odd(rules=[rule("odd", when)]) == [("rules 0 when", f"rule `odd` never fires: {why}")]


@pytest.mark.parametrize(
    "asked",
    [
        {"product": "meter"},
        {"category": "late"},
        {"urgency": "high"},
        {"customer": "Umi"},
    ],
)
@pytest.mark.parametrize("mail", [{"source": "email"}, {"to": "issues@example.com"}])
def test_a_rule_for_mail_that_asks_for_what_no_mail_says_is_told(
    mail: dict[str, Any], asked: dict[str, Any]
) -> None:
    (key,) = asked
    (place, problem) = odd(rules=[rule("odd", mail | asked)])[-1]

    assert place == f"rules 0 when {key}"
    assert problem == f"rule `odd` never fires: it is for mail, and no mail says its {key}"


def test_a_rule_for_mail_and_more_may_ask_for_anything() -> None:
    asked = {"source": ["email", "web"], "product": "meter"}
    none = {"source": "email", "product": ["meter", "none"], "urgency": ["normal", "high"]}

    assert odd(rules=[rule("a", asked), rule("b", none)]) == []


def asking(product: tuple[str, ...], category: tuple[str, ...]) -> dict[str, Any]:
    usual = build.organisation()
    meter = usual.products[0].model_copy(update={"fields": product})
    late = usual.categories[1].model_copy(update={"fields": category})
    return {
        "fields": ({"id": "since", "label": NAME},),
        "products": (meter, usual.products[1]),
        "categories": (usual.categories[0], late),
    }


@pytest.mark.parametrize(
    ("product", "category", "when", "told"),
    [
        ((), (), {}, True),
        (("since",), (), {}, False),
        ((), ("since",), {}, False),
        (("since",), (), {"product": "mini"}, True),
        (("since",), ("since",), {"product": "mini"}, False),
        (("since",), ("since",), {"product": "mini", "category": "broken"}, True),
    ],
)
def test_a_rule_that_waits_for_an_answer_that_the_form_never_asks_for_is_told(
    product: tuple[str, ...], category: tuple[str, ...], when: dict[str, Any], told: bool
) -> None:
    rules = [rule("odd", when | {"fields": {"since": "a"}})]

    found = odd(rules=rules, **asking(product, category))

    problem = "the form never asks for `since` where rule `odd` waits for it"
    assert found == ([("rules 0 when fields since", problem)] if told else [])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"team": None, "person": "ren", "carrier": "ren"}, True),
        ({"team": "sales", "person": "ren", "carrier": "ren"}, True),
        ({"team": "shipping", "carrier": "ume"}, True),
        ({"team": "shipping", "person": "mio", "carrier": "ume"}, False),
        ({"team": "product", "carrier": "mio"}, False),
        ({"team": None, "carrier": "mio"}, False),
    ],
)
def test_a_rule_whose_carrier_is_the_only_one_who_could_get_it_is_told(
    said: dict[str, Any], told: bool
) -> None:
    alone = people(yui={"team": "sales"})

    found = odd(rules=[rule("odd", {}, **said)], people=alone)

    assert [place for place, _ in found] == (["rules 0 carrier"] if told else [])


def test_a_default_carrier_who_is_alone_in_the_default_team_is_told() -> None:
    alone = people(yui={"team": "sales"})

    found = odd(people=alone, default_team="shipping", default_carrier="ume")

    assert [place for place, _ in found] == ["default_carrier"]


def test_a_team_in_which_nobody_may_be_given_anything_is_told() -> None:
    none, some = {"limit": 0}, {"limit": 1}

    assert [place for place, _ in odd(people=people(ume=none, yui=none))] == ["teams 1"]
    assert odd(people=people(ume=none, yui=some)) == []


@pytest.mark.parametrize(("category", "place"), [("late", 1), ("odd", 2)])
def test_a_category_for_which_nobody_in_its_team_has_the_skill_is_told(
    category: str, place: int
) -> None:
    """Without a team it goes to the default one."""
    unskilled = {"skills": {category: 0.4}}
    members = ("ume", "yui") if category == "late" else ("kai", "mio", "ren", "sho")

    found = odd(people=people(**dict.fromkeys(members, unskilled)))

    assert [place for place, _ in found] == [f"categories {place} team"]
    assert odd(people=people(**dict.fromkeys(members[1:], unskilled))) == []


def test_a_whole_team_whose_people_stand_in_for_each_other_is_told_once() -> None:
    circle = people(ume={"substitute": "yui"}, yui={"substitute": "ume"})

    ((place, problem),) = odd(people=circle)

    assert place == "people 4 substitute"
    assert problem.startswith("`ume` and `yui` stand in for each other")


@pytest.mark.parametrize(
    "changes",
    [
        {"ren": {"substitute": "sho"}, "sho": {"substitute": "ren"}},
        {"ume": {"substitute": "yui"}, "yui": {"substitute": "ren"}},
        {"ume": {"substitute": "ren"}, "ren": {"substitute": "ume"}},
    ],
)
def test_people_who_stand_in_for_each_other_are_fine_where_somebody_else_is_left(
    changes: dict[str, dict[str, str]],
) -> None:
    assert odd(people=people(**changes)) == []


def test_a_circle_is_told_once_however_many_lead_into_it() -> None:
    pair = {"ume": {"substitute": "yui"}, "yui": {"substitute": "ume"}}

    found = odd(people=people(ren={"substitute": "ume"}, **pair))

    assert [place for place, _ in found] == ["people 4 substitute"]


def test_a_policy_under_which_nothing_ever_is_is_told() -> None:
    late = Category(id="late", name=NAME, team="shipping", policy="calm")
    more = {name: build.policy() for name in ("calm", "quick", "spare")}
    quick = rule("quick", {"words": "quick"}, policy={"high": "quick"})

    found = odd(categories=(late,), rules=[quick], more_policies=more)

    assert found == [("more_policies spare", "nothing has the policy `spare`")]


def test_steps_of_a_ladder_beyond_the_leader_are_told() -> None:
    ladder = [*build.LADDER, build.rung("1h", "remind"), build.rung("1h", "tell", "lead")]
    policies = dict.fromkeys(("low", "normal"), build.policy())

    found = odd(policies=policies | {"high": build.policy(ladder=ladder)})

    problem = "this step is never taken: the leader has the issue by then"
    assert found == [("policies high ladder 5", problem)]


# Gaps

DAY = {"mon-fri": "09:00-12:00"}


def schedule(*shifts: Mapping[str, Any], **said: Any) -> dict[str, Any]:
    return {"id": "desk", "name": NAME, "shifts": shifts, **said}


def gap(*rules: Mapping[str, Any], **said: Any) -> list[str]:
    """The gaps of a schedule that has somebody on weekday mornings only."""
    mornings = schedule({"during": DAY, "person": "ren"})
    return [problem for _, problem in odd(schedules=[mornings], rules=list(rules), **said)]


AFTERNOON = (
    "nobody has `desk` from 2026-06-01 12:00 to 2026-06-02 09:00; an issue goes where it would go"
    " without the schedule then"
)


def test_a_schedule_with_a_gap_in_working_time_is_told_with_its_first_times() -> None:
    assert gap() == [AFTERNOON]
    assert gap(rule("any", {"words": "lamp"}, schedule="desk")) == [AFTERNOON]


@pytest.mark.parametrize(
    ("when", "told"),
    [
        ({"during": {"mon-fri": "10:00-12:00"}}, None),
        ({"during": {"mon-fri": "10:00-13:00"}}, "2026-06-01 12:00"),
        ({"during": {"wed": "11:00-13:00"}}, "2026-06-03 12:00"),
        ({"during": {"sat": "10:00-12:00"}, "words": "lamp"}, "2026-06-05 12:00"),
        ({"during": {"mon": "11:00-13:00"}, "at_work": True}, None),
        ({"at_work": True}, "2026-06-01 12:00"),
        ({"at_work": False}, "2026-06-01 12:00"),
    ],
)
def test_a_schedule_of_which_rules_ask_at_certain_times_has_gaps_only_then(
    when: dict[str, Any], told: str | None
) -> None:
    found = gap(rule("timed", when, schedule="desk"))

    assert [told in problem for problem in found if told] == ([True] if told else [])
    assert bool(found) == bool(told)


def test_a_ladder_asks_whenever_somebody_works() -> None:
    ladder = [
        {"after": "0h", "do": "tell", "whom": "desk"},
        {"after": "1h", "do": "give", "to": "leader"},
    ]
    policies = dict.fromkeys(("low", "normal", "high"), build.policy(ladder=ladder))
    timed = rule("timed", {"during": {"mon-fri": "10:00-12:00"}}, schedule="desk")

    assert gap(timed, policies=policies) == [AFTERNOON]


def test_a_schedule_without_a_gap_in_working_time_is_fine() -> None:
    whole = schedule({"during": {"mon-fri": "09:00-18:00"}, "person": "ren"})

    assert odd(schedules=[whole]) == []


def test_a_turn_on_a_day_on_which_somebody_does_not_work_is_told() -> None:
    week = build.calendar({"mon-sat": "09:00-12:00"}).model_copy(update={"id": "week"})
    rota = {"id": "saturdays", "name": NAME, "people": ["ume", "yui"], "calendar": "week"}
    works = people(ume={"calendar": "week"})
    starts = {"starts": "2026-06-01", "every": "FREQ=WEEKLY"}

    found = odd(calendars=(build.calendar(), week), people=works, rotas=[rota | starts])

    when = "from 2026-06-13 09:00 to 2026-06-13 12:00"
    assert found == [
        (
            "rotas 0",
            f"it is the turn of `yui` {when}, but they do not work that day",
        )
    ]


def test_a_rota_of_people_who_work_when_it_does_is_fine() -> None:
    rota = {"id": "calls", "name": NAME, "people": ["ume", "yui"], "starts": "2026-06-01"}

    assert odd(rotas=[rota]) == []
