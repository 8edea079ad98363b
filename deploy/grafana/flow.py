"""Do problems move, and does each team respond?"""

from __future__ import annotations

from deploy.grafana.panels import (
    Board,
    Panel,
    Query,
    Shape,
    neutral,
    red_below,
    yellow_and_red,
)
from deploy.grafana.units import ISSUES, SHARE, TIMES, WEEKS_OF_WORK, WORKING_DAY_S, WORKING_DAYS
from deploy.grafana.words import Words

TEAM = Words("{{team}}", "{{team}}")
QUIET = Words("Nothing was asked in this time.", "この期間に頼まれた件はありません。")


def _weekly(counter: str, en: str, ja: str) -> Query:
    return Query(f'sum(increase({counter}{{team=~"$team"}}[7d]))', Words(en, ja))


RESPONDS = Panel(
    Words("Which team does not respond?", "返事をしていないチームはどこですか"),
    Words(
        "Answers of seven days for each answer that would have been usual in the company, by"
        " team. It is about teams: nobody's single refusals are counted.",
        "この7日間の返事を、社内のふだんの返事の数で割ったもの（チームごと）。"
        "チームについての値で、個人の断りは数えません。",
    ),
    Shape.BARS,
    (
        Query(
            'sum by (team) (increase(banso_answers_total{team=~"$team"}[7d]))'
            ' / (sum by (team) (increase(banso_expected_answers_total{team=~"$team"}[7d])) > 0)',
            TEAM,
        ),
    ),
    SHARE,
    red_below(
        0.5,
        0.8,
        "below half, isolation of those who ask rises; 100% is usual.",
        "半分を下回ると、頼んだ人の孤立が進みます。100％がふだんどおりです。",
    ),
    QUIET,
)
PUSHED = Panel(
    Words("Is trouble pushed around?", "たらい回しになっていませんか"),
    Words(
        "Refusals and hand-overs of four weeks for each request, by the team that passed it on.",
        "この4週間に断った・引き渡した回数を、頼まれた件数で割ったもの（回したチームごと）。",
    ),
    Shape.BARS,
    (
        Query(
            '(sum by (team) (increase(banso_declines_total{team=~"$team"}[28d]))'
            ' + sum by (team) (increase(banso_handons_total{team=~"$team"}[28d])))'
            ' / (sum by (team) (increase(banso_requests_total{team=~"$team"}[28d])) > 0)',
            TEAM,
        ),
    ),
    SHARE,
    yellow_and_red(
        0.1,
        0.25,
        "a quarter is where Banso's alert on refusals begins.",
        "4分の1から、断りが増えたという警報の対象になります。",
    ),
    QUIET,
)
SOLVED = Panel(
    Words("How long until a problem is solved?", "解決までどれくらいかかりますか"),
    Words(
        "From a carrier's first word until the owner said solved, over four weeks, in working"
        " days of 8 hours.",
        "最初の一報から担当者の解決まで（過去4週間）。1勤務日は8時間です。",
    ),
    Shape.LINES,
    tuple(
        Query(
            f"histogram_quantile({share}, sum by (le) (increase("
            f'banso_resolution_seconds_bucket{{team=~"$team"}}[28d]))) / {WORKING_DAY_S}',
            Words(en, ja),
        )
        for share, en, ja in ((0.5, "half", "半数"), (0.85, "85%", "85％"), (0.95, "95%", "95％"))
    ),
    WORKING_DAYS,
    yellow_and_red(
        5,
        10,
        "five working days is the usual promise for a normal issue.",
        "通常の件の約束は、ふつう5勤務日です。",
    ),
    Words("Nothing was solved in these four weeks.", "この4週間に解決した件はありません。"),
)
CLIFF = Panel(
    Words("Are we near the cliff?", "余力の限界に近づいていませんか"),
    Words(
        "Work in hand of the middle person of each group; 1 is a week of work. Close to the limit"
        " a little more makes everything take several times as long.",
        "各グループの中央の人の手持ち（1で1週間分）。限界の近くでは、少し増えるだけで"
        "すべてが何倍も遅くなります。",
    ),
    Shape.LINES,
    (Query('max by (team) (banso_load_ratio{quantile="0.5"})', TEAM),),
    WEEKS_OF_WORK,
    yellow_and_red(
        0.8,
        1,
        "over 0.8 for five working days Banso warns; over 1 more is promised than a week holds.",
        "0.8超が5勤務日続くと警報が出ます。1を超えると、1週間に収まらない約束をしています。",
    ),
    Words(
        "No group is large enough to be shown.",
        "表示できる人数のグループがありません。",
    ),
)
PILE = Panel(
    Words("Do we solve as much as comes in?", "届く分だけ解決できていますか"),
    Words(
        "Issues brought in and solved in the seven days before each point.",
        "各時点までの7日間に届いた件と解決した件。",
    ),
    Shape.LINES,
    (
        _weekly("banso_requests_total", "brought in", "届いた件"),
        _weekly("banso_resolution_seconds_count", "solved", "解決した件"),
    ),
    ISSUES,
    neutral(
        "none: the gap between the two lines counts.",
        "二つの線の開きが大切なので、色では判定しません。",
    ),
    QUIET,
)
OPEN = Panel(
    Words("How much is open, and with whom?", "未完了の件はどこにどれだけありますか"),
    Words(
        "Open issues by team and state, as they are now.", "今の未完了の件（チームと状態ごと）。"
    ),
    Shape.BARS,
    (
        Query(
            'sum by (team, state) (banso_open_issues{team=~"$team"}) > 0',
            Words("{{team}}: {{state}}", "{{team}}：{{state}}"),
        ),
    ),
    ISSUES,
    neutral(
        "none: many open issues are no fault; a team that is asked often has more.",
        "件数の多さは落ち度ではなく、よく頼まれるチームほど多いため、色では判定しません。",
    ),
    Words("Nothing is open.", "未完了の件はありません。"),
)
CHASED = Panel(
    Words("How often must Banso chase?", "Bansoは何度催促していますか"),
    Words(
        "Reminders and steps up the ladder in the seven days before each point.",
        "各時点までの7日間の催促と、上への知らせの回数。",
    ),
    Shape.LINES,
    (
        _weekly("banso_reminders_total", "reminders", "催促"),
        _weekly("banso_escalations_total", "told upwards", "上への知らせ"),
    ),
    TIMES,
    neutral(
        "none: it grows with what comes in; look for a change.",
        "届く件数とともに増えるため、色では判定しません。変化を見てください。",
    ),
    Words("Banso is not counting yet.", "まだ数えていません。"),
)
CREDIT = Panel(
    Words(
        "Whose solutions does the front line confirm?", "解決を最前線が認めたのはどのチームですか"
    ),
    Words(
        "Issues of four weeks whose carrier said that it is solved, by the team that solved them:"
        " a reason for thanks, not a ranking.",
        "この4週間に、持ち込んだ人が解決を認めた件（解決したチームごと）。"
        "順位ではなく、お礼のための数です。",
    ),
    Shape.BARS,
    (Query('sum by (team) (increase(banso_credited_issues_total{team=~"$team"}[28d]))', TEAM),),
    ISSUES,
    neutral("none: this is for thanks.", "お礼のための数なので、色では判定しません。"),
    Words("Nothing has been confirmed yet.", "まだ認められた件はありません。"),
)

BOARD = Board(
    "banso-flow",
    Words("Banso: Flow", "Banso：流れ"),
    Words(
        "Do problems move, does each team respond, and is there capacity?",
        "問題は進んでいるか、どのチームも返事をしているか、余力はあるか。",
    ),
    (RESPONDS, PUSHED, SOLVED, CLIFF, PILE, OPEN, CHASED, CREDIT),
)
