"""Are the people at the front answered, and is anybody alone?

Everything about people is by group, and groups that are too small are not there
(docs/privacy.md); so nothing on this board can be chosen by team but how requests are answered.
"""

from __future__ import annotations

from deploy.grafana.panels import Board, Panel, Query, Shape, neutral, yellow_and_red
from deploy.grafana.units import (
    NORMAL_WAITS,
    PEOPLE,
    SCORE,
    SHARE,
    TIMES,
    WORKING_DAY_S,
    WORKING_DAYS,
    YEAR_S,
    YEARS,
)
from deploy.grafana.words import Words

TOO_SMALL = Words(
    "No group is large enough to be shown. That does not mean that nobody is alone.",
    "表示できる人数のグループがありません。一人で抱えている人がいない、という意味ではありません。",
)
GROUP = Words("{{team}}", "{{team}}")

ALONE = Panel(
    Words("Is anybody alone with a problem?", "問題を一人で抱えている人はいませんか"),
    Words(
        "People whom the company answers too little, by group and level. watch: their issues come"
        " first. ask: Banso has asked them in private whether somebody shall run alongside."
        " alarm: the heads of the silent teams know. It measures the company's answers, never the"
        " person. Please do not try to find out who it is.",
        "会社からの返事が少なすぎる人の数（グループと段階ごと）。watch：その人の件を先に扱います。"
        "ask：伴走がいるとよいか、Bansoが本人だけにたずねました。alarm：返事をしていないチームの"
        "リーダーに知らせました。測っているのは会社の返事で、その人ではありません。"
        "誰なのかを探さないでください。",
    ),
    Shape.BARS,
    (
        Query(
            "sum by (team, level) (banso_isolated_people)",
            Words("{{team}}: {{level}}", "{{team}}：{{level}}"),
        ),
    ),
    PEOPLE,
    yellow_and_red(
        1,
        3,
        "one person alone is one too many; from three on in one group it is no single case.",
        "一人でもいれば多すぎます。一つのグループで三人からは、個別の事情ではありません。",
    ),
    TOO_SMALL,
)
SCORES = Panel(
    Words("Does the company answer these people?", "会社はこの人たちに返事をしていますか"),
    Words(
        "The isolation figure, 0 to 1, below which nine in ten of each group's carriers are. It"
        " rises when a group gets fewer than half of the answers that are usual.",
        "孤立度（0〜1）。各グループの窓口の10人に9人は、この値より下にいます。"
        "返事がふだんの半分より少ないと上がります。",
    ),
    Shape.LINES,
    (Query('max by (team) (banso_isolation_ratio{quantile="0.9"})', GROUP),),
    SCORE,
    yellow_and_red(
        0.3,
        0.8,
        "at 0.3 Banso asks, about four answers missing; at 0.8 it raises an alarm, about eight.",
        "0.3（返事およそ4回分の不足）でたずね、0.8（およそ8回分）で警報を出します。",
    ),
    TOO_SMALL,
    most=1,
)
ACTING = Panel(
    Words("Do we act when we know?", "わかったとき、動いていますか"),
    Words(
        "Share of the last four weeks, nights included, in which somebody of the group was at"
        " level ask. It stays low where a first contact follows soon.",
        "この4週間（夜間も含む）のうち、グループの誰かが「ask」の段階にあった時間の割合。"
        "早く声がかかれば低いままです。",
    ),
    Shape.BARS,
    (
        Query(
            'max by (team) (avg_over_time(banso_condition_active{condition="isolation_ask"}[28d]))',
            GROUP,
        ),
    ),
    SHARE,
    yellow_and_red(
        0.1,
        0.25,
        "a companion is to be found within a working day, which is a twentieth of four weeks;"
        " a quarter is a week.",
        "伴走は1勤務日以内に始まる約束で、それは4週間の20分の1です。4分の1は1週間です。",
    ),
    TOO_SMALL,
    most=1,
)
KEPT = Panel(
    Words("Do we keep our word to the front line?", "最前線への約束を守っていますか"),
    Words(
        "From a carrier's first word until a person's first words, over four weeks: within this"
        " time half, 85% and 95% of the requests were answered. In working days of 8 hours.",
        "最初の一報から人の最初の返事まで（過去4週間）。半数、85％、95％がこの時間内に返事を"
        "もらいました。1勤務日は8時間です。",
    ),
    Shape.LINES,
    tuple(
        Query(
            f"histogram_quantile({share}, sum by (le) (increase("
            f'banso_first_response_seconds_bucket{{team=~"$team"}}[28d]))) / {WORKING_DAY_S}',
            Words(en, ja),
        )
        for share, en, ja in (
            (0.5, "half", "半数"),
            (0.85, "85%", "85％"),
            (0.95, "95%", "95％"),
        )
    ),
    WORKING_DAYS,
    yellow_and_red(
        1,
        2,
        "the first answer is promised within one working day; after two without any reaction a"
        " request counts as about to be forgotten.",
        "最初の返事は1勤務日以内の約束です。反応のないまま2勤務日たつと、忘れられかけていると"
        "みなします。",
    ),
    Words(
        "Nothing was answered in these four weeks. Look at what is still waiting.",
        "この4週間に返事をした件がありません。待っている件を見てください。",
    ),
)
FORGOTTEN = Panel(
    Words("What is about to be forgotten?", "忘れられかけている件はありませんか"),
    Words(
        "The longest wait that runs now for a word of the team, in waits as they are normal for it."
        " It stands still while the owner is away or the ball is with somebody else.",
        "チームの返事を待っている件のうち、いちばん長い待ち時間が、そのチームのいつもの何倍かを示します。"
        "担当者の不在中や、ほかの人の番のあいだは進みません。",
    ),
    Shape.BARS,
    (Query('max by (team) (banso_oldest_wait_ratio{team=~"$team"})', GROUP),),
    NORMAL_WAITS,
    yellow_and_red(
        1,
        3,
        "beyond 1 it takes longer than usual; three normal waits count as forgotten.",
        "1を超えるといつもより長く、3倍で忘れられかけているとみなします。",
    ),
    Words(
        "Metrics tells of no team: is it running?",
        "チームの情報がありません。metricsは動いていますか。",
    ),
)
LOADED = Panel(
    Words("Loaded but supported, or ignored?", "忙しくても支えられていますか、放置されていますか"),
    Words(
        "Shares of all who have ever asked for anything. Loaded: more than a week of work in hand."
        " Ignored: isolation at 0.3 and more. Who is loaded and answered needs less work; who is"
        " ignored needs answers, whatever the work.",
        "これまでに件を持ち込んだ人のうちの割合です。「忙しい」は手持ちの仕事が1週間分を超えること、"
        "「放置」は孤立度が0.3以上であることです。忙しくても返事がある人に要るのは仕事を減らすこと、"
        "放置されている人に要るのは、仕事の量にかかわらず返事です。",
    ),
    Shape.BARS,
    tuple(
        Query(f'sum(banso_carriers{{field="{field}"}}) / sum(banso_carriers)', words)
        for field, words in (
            ("light", Words("answered", "返事がある")),
            ("loaded", Words("loaded, but answered", "忙しいが返事がある")),
            ("ignored", Words("ignored", "放置")),
            ("loaded_ignored", Words("loaded and ignored", "忙しく放置")),
        )
    ),
    SHARE,
    neutral(
        "none, since each field wants something else.",
        "欄ごとに必要なことが違うため、色では判定しません。",
    ),
    TOO_SMALL,
)
ACCOMPANIED = Panel(
    Words("Does accompanying work?", "伴走は役に立っていますか"),
    Words(
        "Times in four weeks that somebody began to run alongside, and whether a group has"
        " somebody now whom that has not helped within 15 working days.",
        "この4週間に伴走が始まった回数と、15勤務日たっても改善しない人が今グループにいるかどうか。",
    ),
    Shape.BARS,
    (
        Query(
            "sum by (team) (increase(banso_companions_assigned_total[28d]))",
            Words("{{team}}: begun", "{{team}}：始まった伴走"),
        ),
        Query(
            'max by (team) (banso_condition_active{condition="companion_not_helping"})',
            Words("{{team}}: does not help", "{{team}}：改善なし"),
        ),
    ),
    TIMES,
    neutral(
        "none: that somebody runs alongside is good news, and so is that nobody needs to.",
        "伴走があることも、必要な人がいないことも良い知らせなので、色では判定しません。",
    ),
    TOO_SMALL,
)
WHO = Panel(
    Words("Who stands at the front?", "最前線には誰が立っていますか"),
    Words(
        "People at the front and behind it, by team, as the organisation file says.",
        "最前線の人と後方の人の数（チームごと、組織ファイルによる）。",
    ),
    Shape.BARS,
    (
        Query(
            "sum by (team) (banso_front_line_people) > 0",
            Words("{{team}}: at the front", "{{team}}：最前線"),
        ),
        Query(
            "sum by (team) (banso_support_people) > 0",
            Words("{{team}}: behind it", "{{team}}：後方"),
        ),
    ),
    PEOPLE,
    neutral(
        "none: how many are right depends on the work.",
        "適切な人数は仕事によるため、色では判定しません。",
    ),
    Words(
        "The organisation has not been heard of yet.",
        "組織の情報がまだ届いていません。",
    ),
)
EXPERIENCE = Panel(
    Words("Are experienced people at the front?", "経験のある人が最前線にいますか"),
    Words(
        "Mean years since people began to do this work, by group: where those behind have many"
        " more than those at the front, experience stands in the wrong place.",
        "この仕事を始めてからの平均年数（グループごと）。後方のほうがずっと長ければ、"
        "経験が必要な場所にありません。",
    ),
    Shape.BARS,
    (
        Query(
            f"max by (team) (banso_front_line_experience_seconds) / {YEAR_S}",
            Words("{{team}}: at the front", "{{team}}：最前線"),
        ),
        Query(
            f"max by (team) (banso_support_experience_seconds) / {YEAR_S}",
            Words("{{team}}: behind it", "{{team}}：後方"),
        ),
    ),
    YEARS,
    neutral(
        "none: the difference between both counts.",
        "両者の差が大切なので、色では判定しません。",
    ),
    Words(
        "No group is large enough, or the organisation file has no `since:`.",
        "表示できる人数のグループがないか、組織ファイルに`since:`がありません。",
    ),
)

BOARD = Board(
    "banso-front-line",
    Words("Banso: Front line", "Banso：最前線"),
    Words(
        "Is anybody alone, and do we keep our word to those who carry problems in?",
        "一人で抱えている人はいないか、問題を持ち込む人への約束を守っているか。",
    ),
    (ALONE, SCORES, ACTING, KEPT, FORGOTTEN, LOADED, ACCOMPANIED, WHO, EXPERIENCE),
)
