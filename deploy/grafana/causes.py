"""Why does it not move, and do the days hold that were promised?"""

from __future__ import annotations

from deploy.grafana.panels import Board, Panel, Query, Shape, neutral, yellow_and_red
from deploy.grafana.units import PEOPLE, SHARE, TIMES, WORKING_DAY_S, WORKING_DAYS
from deploy.grafana.words import Words

TEAM = Words("{{team}}", "{{team}}")
TOO_SMALL = Words("No group is large enough to be shown.", "表示できる人数のグループがありません。")

CAPACITY = Panel(
    Words("Is it the people or the capacity?", "人の問題ですか、余力の問題ですか"),
    Words(
        "People with more than a week of work in hand, by group. Where many have, ask for"
        " capacity before you ask for effort.",
        "手持ちが1週間分を超える人の数（グループごと）。多いときは、努力を求める前に"
        "余力を考えてください。",
    ),
    Shape.BARS,
    (Query("sum by (team) (banso_people_over_load)", TEAM),),
    PEOPLE,
    yellow_and_red(
        1,
        3,
        "one needs relief; from three in a group it is the group's capacity.",
        "一人なら負担を軽くする必要があります。グループで三人からは、グループの余力の問題です。",
    ),
    TOO_SMALL,
)
REFUSED = Panel(
    Words("Why is work refused?", "断る理由は何ですか"),
    Words(
        "Refusals of four weeks by the reason that was given. No time: capacity. Not ours: rules"
        " of assignment. Skills: training.",
        "この4週間の断りを理由ごとに数えたもの。時間がないなら余力、担当でないなら割り当ての規則、"
        "知識がないなら教育を見直してください。",
    ),
    Shape.BARS,
    (
        Query(
            'sum by (reason) (increase(banso_declines_total{team=~"$team"}[28d]))',
            Words("{{reason}}", "{{reason}}"),
        ),
    ),
    TIMES,
    neutral(
        "none: a refusal with its reason is a useful answer.",
        "理由のある断りは役に立つ返事なので、色では判定しません。",
    ),
    Words("Banso is not counting yet.", "まだ数えていません。"),
)
FEW = Panel(
    Words("Do we live off a few helpers?", "少数の人に頼っていませんか"),
    Words(
        "Share of the answers of four weeks that the busiest twentieth of a group's helpers gave,"
        " one person at least.",
        "この4週間の返事のうち、グループで最も多く答えた20人に1人（最低1人）が返した割合。",
    ),
    Shape.BARS,
    (Query("max by (team) (banso_helper_top_share_ratio)", TEAM),),
    SHARE,
    yellow_and_red(
        0.25,
        0.35,
        "over 35% Banso warns: what if those few are away?",
        "35％を超えると警報が出ます。その人たちが休んだらどうなりますか。",
    ),
    TOO_SMALL,
    most=1,
)
SPREAD = Panel(
    Words("Is work in hand spread unequally?", "手持ちの偏りはありませんか"),
    Words(
        "0: everybody has the same in hand; 1: one has all. A diagnosis and never an aim: the"
        " most equal spread is not the quickest help.",
        "0は全員同じ、1は一人に集中。診断のための値で、目標ではありません。"
        "最も均等な分け方が、最も早い助けになるわけではありません。",
    ),
    Shape.LINES,
    (Query("max by (team) (banso_load_gini_ratio)", TEAM),),
    SHARE,
    neutral("none, so that nobody aims at it.", "目標にしないように、色では判定しません。"),
    TOO_SMALL,
    most=1,
)
DRIFT = Panel(
    Words("Do promised days hold?", "約束した日を守れていますか"),
    Words(
        "By how much promised days were moved to later ones in four weeks: half and 85% by less"
        " than this, in working days of 8 hours.",
        "この4週間に、約束の日がどれだけ後ろへ動いたか。半数と85％はこれより短く、1勤務日は8時間です。",
    ),
    Shape.LINES,
    tuple(
        Query(
            f"histogram_quantile({share}, sum by (le) (increase("
            f'banso_promise_drift_seconds_bucket{{team=~"$team"}}[28d]))) / {WORKING_DAY_S}',
            Words(en, ja),
        )
        for share, en, ja in ((0.5, "half", "半数"), (0.85, "85%", "85％"))
    ),
    WORKING_DAYS,
    yellow_and_red(
        2,
        5,
        "two days are noticed by the carrier; five are a week that somebody else had planned.",
        "2日で持ち込んだ人が困り始め、5日は相手の予定の1週間にあたります。",
    ),
    Words("No promised day was moved.", "動いた約束はありません。"),
)
NORMAL = Panel(
    Words("What is a normal wait?", "ふだんの待ち時間はどれくらいですか"),
    Words(
        "How long a carrier normally waits for a team, until the first reaction and until the"
        " next answer. If all teams grow slower together, isolation does not show it; this does.",
        "チームの返事をふだん待つ時間（最初の反応までと、次の返事まで）。全社がそろって遅くなると"
        "孤立度には表れませんが、ここには表れます。",
    ),
    Shape.LINES,
    (
        Query(
            "max by (team, stage)"
            f' (banso_expected_response_seconds{{team=~"$team"}}) / {WORKING_DAY_S}',
            Words("{{team}}: {{stage}}", "{{team}}：{{stage}}"),
        ),
    ),
    WORKING_DAYS,
    yellow_and_red(
        2,
        4,
        "one day for the first and two for the next answer are promised; four are twice that.",
        "約束は最初が1日、次が2日です。4日はその倍にあたります。",
    ),
    Words("Nothing has been asked yet.", "まだ頼まれた件がありません。"),
)
AGAIN = Panel(
    Words("Do problems come back?", "解決した問題が戻ってきていませんか"),
    Words(
        "Issues opened again in four weeks, by the team that had solved them.",
        "この4週間に再開された件（解決したチームごと）。",
    ),
    Shape.BARS,
    (Query('sum by (team) (increase(banso_reopens_total{team=~"$team"}[28d]))', TEAM),),
    TIMES,
    yellow_and_red(
        2,
        5,
        "the second time of one issue is told to the lead; five in a team have a common cause.",
        "同じ件の2度目はリーダーに知らせます。チームで5件あれば、共通の原因があります。",
    ),
    Words("Nothing was opened again.", "再開された件はありません。"),
)

BOARD = Board(
    "banso-causes",
    Words("Banso: Causes and schedule", "Banso：原因と日程"),
    Words(
        "Why does it not move, and do the days hold that were promised?",
        "なぜ進まないのか、約束した日は守られているか。",
    ),
    (CAPACITY, REFUSED, FEW, SPREAD, DRIFT, NORMAL, AGAIN),
)
