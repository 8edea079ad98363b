"""Does Banso itself work, and can the other boards be trusted?"""

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
from deploy.grafana.units import MESSAGES, PEOPLE, PROMISES, SECONDS, SHARE, TIMES, UP
from deploy.grafana.words import Words

SILENT = Words(
    "Prometheus does not reach Banso: nothing is known.",
    "PrometheusがBansoに届いていません。何もわからない状態です。",
)
_ONE_IS_TOO_MANY = (
    "each is one too many: somebody may have missed a word.",
    "一つでも多すぎます。誰かに言葉が届かなかったおそれがあります。",
)

TRUST = Panel(
    Words("Can we trust this page?", "このページの値は信じられますか"),
    Words(
        "How long ago the newest fact happened that has been counted, in calendar time. Nights"
        " and weekends are quiet; the alert on stale figures looks at working time only.",
        "数えられた最も新しい出来事からの経過時間（暦の時間）。夜間や週末は静かです。"
        "指標が止まったという警報は、勤務時間だけを見ます。",
    ),
    Shape.STAT,
    (
        Query(
            "time() - max(banso_metrics_last_event_timestamp_seconds)",
            Words("newest fact", "最新の出来事"),
        ),
    ),
    SECONDS,
    yellow_and_red(
        64_800,
        302_400,
        "18 hours are more than a night; three and a half days are more than a weekend.",
        "18時間は一晩より、3日半は週末より長い時間です。",
    ),
    SILENT,
)
ELSEWHERE = Panel(
    Words("How much is answered elsewhere?", "ほかの手段の返事はどれくらいですか"),
    Words(
        "Share of four weeks' answers given by telephone or in person, as carriers say with one"
        " click. Near nought it may be that nobody clicks, and that isolation is overstated.",
        "この4週間の返事のうち、電話や対面だったと本人がクリックで知らせた割合。"
        "ほぼ0なら、誰もクリックせず、孤立が高めに出ているかもしれません。",
    ),
    Shape.STAT,
    (
        Query(
            "sum(increase(banso_answered_elsewhere_total[28d]))"
            " / (sum(increase(banso_answers_total[28d])) > 0)",
            Words("elsewhere", "ほかの手段"),
        ),
    ),
    SHARE,
    neutral(
        "none: what is usual differs from company to company.",
        "ふつうの割合は会社によって違うため、色では判定しません。",
    ),
    Words("No answers in these four weeks.", "この4週間に返事がありません。"),
    most=1,
)
LATE = Panel(
    Words("Do facts come too late to count?", "出来事が遅れて届いていませんか"),
    Words(
        "Facts of seven days that came late: folded again by themselves, or more than a week late"
        " and waiting for `banso metrics rebuild`.",
        "この7日間に遅れて届いた出来事。自動で計算し直したものと、1週間を超えて遅れ"
        "`banso metrics rebuild`を待つもの。",
    ),
    Shape.STAT,
    (
        Query("sum(increase(banso_late_facts_total[7d]))", Words("folded again", "計算し直し")),
        Query("sum(increase(banso_too_late_facts_total[7d]))", Words("too late", "遅すぎ")),
    ),
    TIMES,
    yellow_and_red(
        100,
        1000,
        "late facts mend themselves; hundreds point to an outage of the bus.",
        "遅れは自動で直りますが、数百件ならバスの障害が考えられます。",
    ),
    SILENT,
)
UP_NOW = Panel(
    Words("Is every service there?", "すべてのサービスは動いていますか"),
    Words(
        "Whether Prometheus reaches each service now.", "Prometheusが今、各サービスに届くかどうか。"
    ),
    Shape.STAT,
    (Query('min by (job) (up{job=~"banso-.*"})', Words("{{job}}", "{{job}}")),),
    UP,
    red_below(1, 1, "a service is there, or it is not.", "動いているか、いないかです。"),
    SILENT,
    most=1,
)
READY = Panel(
    Words("Does each service have what it needs?", "各サービスに必要なものは揃っていますか"),
    Words(
        "The checks of `/readyz` of each service: bus, database, organisation.",
        "各サービスの`/readyz`の確認項目（バス、データベース、組織）。",
    ),
    Shape.STAT,
    (
        Query(
            "min by (job, check) (banso_ready)",
            Words("{{job}}: {{check}}", "{{job}}：{{check}}"),
        ),
    ),
    UP,
    red_below(1, 1, "it is there, or it is not.", "揃っているか、いないかです。"),
    SILENT,
    most=1,
)
BURIED = Panel(
    Words("Did a service give up on a message?", "処理をあきらめたメッセージはありませんか"),
    Words(
        "Messages of seven days that a service could not handle. They are kept and can be said"
        " again.",
        "この7日間にサービスが処理できなかったメッセージ。保管され、もう一度流せます。",
    ),
    Shape.BARS,
    (
        Query(
            "sum by (service) (increase(banso_dead_letters_total[7d]))",
            Words("{{service}}", "{{service}}"),
        ),
    ),
    MESSAGES,
    yellow_and_red(1, 5, *_ONE_IS_TOO_MANY),
    SILENT,
)
FAILED = Panel(
    Words("Do words reach people?", "言葉は人に届いていますか"),
    Words(
        "Notifications of seven days that a channel refused for good.",
        "この7日間に、送り先が受け付けなかった通知。",
    ),
    Shape.BARS,
    (
        Query(
            "sum by (channel) (increase(banso_failed_notifications_total[7d]))",
            Words("{{channel}}", "{{channel}}"),
        ),
    ),
    MESSAGES,
    yellow_and_red(1, 5, *_ONE_IS_TOO_MANY),
    SILENT,
)
UNREACHABLE = Panel(
    Words("Is anybody reached by no channel?", "どの手段でも届かない人はいませんか"),
    Words(
        "People of the organisation whom no channel reaches now. Their lead has been told;"
        " `banso check --reach` says whom.",
        "今、どの送り先でも届かない社内の人。リーダーには知らせました。"
        "誰なのかは`banso check --reach`でわかります。",
    ),
    Shape.STAT,
    (
        Query(
            'max(banso_people_not_reachable{channel="any",kind="inside"})',
            Words("not reached", "届かない人"),
        ),
    ),
    PEOPLE,
    yellow_and_red(1, 3, "each is one too many.", "一人でも多すぎます。"),
    SILENT,
)
UNOWNED = Panel(
    Words("Is there an issue that nobody owns?", "担当者のいない件はありませんか"),
    Words(
        "Age of the oldest issue without an owner; 0 without one.",
        "担当者のいない最も古い件の経過時間。なければ0です。",
    ),
    Shape.STAT,
    (Query("max(banso_unowned_seconds)", Words("oldest", "最も古い件")),),
    SECONDS,
    yellow_and_red(
        10,
        60,
        "an owner at once is Banso's first promise.",
        "すぐに担当者が決まることが、最初の約束です。",
    ),
    SILENT,
)
PROMISED = Panel(
    Words("Does Banso keep its promises?", "Bansoは約束を守っていますか"),
    Words(
        "How often the auditor finds each promise broken; what they are stands in docs/audit.md.",
        "監査が見つけた約束の違反。約束の内容はdocs/audit.mdにあります。",
    ),
    Shape.STAT,
    (Query("sum(banso_audit_violations)", Words("promises", "約束")),),
    PROMISES,
    yellow_and_red(1, 2, "a promise is kept, or it is not.", "守られているか、いないかです。"),
    Words(
        "The auditor does not run: nothing is proven.",
        "監査が動いていません。何も確かめられていません。",
    ),
)

BOARD = Board(
    "banso-health",
    Words("Banso: Service health", "Banso：サービスの状態"),
    Words(
        "Does Banso itself work, and can the other boards be trusted?",
        "Banso自身は動いているか、ほかの画面の値は信じられるか。",
    ),
    (TRUST, ELSEWHERE, LATE, UP_NOW, READY, BURIED, FAILED, UNREACHABLE, UNOWNED, PROMISED),
    by_team=False,
)
