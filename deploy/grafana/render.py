"""Makes Grafana's JSON out of our boards, by Grafana's own types."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import assert_never

from grafana_foundation_sdk.builders import (
    bargauge,
    common,
    dashboard,
    prometheus,
    stat,
    timeseries,
)
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as kinds
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.panels import Board, Limits, Panel, Query, Shape
from deploy.grafana.words import Language, Words

SCHEMA_VERSION = 41
"""Of Grafana 11.6."""
WIDTH, HEIGHT = 12, 9
_SOURCE = models.DataSourceRef(type_val="prometheus", uid="${source}")
_SOURCE_LABEL = Words("Prometheus", "Prometheus")
_OF_INTERVALS = ("auto", "auto_min", "auto_count")
_TEAM_LABEL = Words("Team", "チーム")
_WHY = Words("Colours", "色の基準")

Drawn = stat.Panel | bargauge.Panel | timeseries.Panel


def rendered(board: Board, language: Language) -> str:
    """The file for one language; the same board gives the same bytes."""
    made = dashboard.Dashboard(board.title.said(language))
    made.uid(f"{board.uid}-{language}").description(board.about.said(language))
    made.tags(["banso", language]).editable().refresh("5m").time("now-28d", "now")
    made.timezone("browser").week_start("monday").tooltip(models.DashboardCursorSync.CROSSHAIR)
    source = dashboard.DatasourceVariable("source").type("prometheus")
    made.with_variable(source.label(_SOURCE_LABEL.said(language)))
    if board.by_team:
        made.with_variable(_teams(language))
    made.link(_others(language))
    for number, panel in enumerate(board.panels, 1):
        made.with_panel(_panel(panel, language).id(number))
    content = json.loads(json.dumps(made.build(), cls=JSONEncoder))
    content["schemaVersion"] = SCHEMA_VERSION
    for variable in content["templating"]["list"]:
        # The builder gives every variable what only intervals have; Grafana's schema refuses it.
        for name in _OF_INTERVALS:
            variable.pop(name, None)
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _teams(language: Language) -> dashboard.QueryVariable:
    return (
        dashboard.QueryVariable("team")
        .label(_TEAM_LABEL.said(language))
        .datasource(_SOURCE)
        .query("label_values(banso_requests_total, team)")
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .multi(True)
        .include_all(True)
        .all_value(".*")
        .current(models.VariableOption(selected=True, text=["All"], value=["$__all"]))
    )


def _others(language: Language) -> dashboard.DashboardLink:
    link = dashboard.DashboardLink("Banso").type(models.DashboardLinkType.DASHBOARDS)
    return link.tags(["banso", language]).as_dropdown(False).include_vars(True).keep_time(True)


def _panel(panel: Panel, language: Language) -> Drawn:
    drawn = _shape(panel)
    drawn.title(panel.question.said(language))
    drawn.description("\n\n".join(_description(panel, language)))
    drawn.datasource(_SOURCE).unit(panel.unit.id.said(language)).min(0)
    drawn.no_value(panel.empty.said(language)).thresholds(_thresholds(panel.limits))
    if panel.shape is not Shape.LINES:
        drawn.color_scheme(dashboard.FieldColor().mode(models.FieldColorModeId.THRESHOLDS))
    drawn.grid_pos(models.GridPos(w=WIDTH, h=HEIGHT))
    if panel.most is not None:
        drawn.max(panel.most)
    if panel.unit.decimals is not None:
        drawn.decimals(panel.unit.decimals)
    for letter, query in zip("ABCDEF", panel.queries, strict=False):
        drawn.with_target(_target(query, letter, panel.shape, language))
    return drawn


def _description(panel: Panel, language: Language) -> Iterator[str]:
    yield panel.answers.said(language)
    yield f"{_WHY.said(language)}: {panel.limits.because.said(language)}"


def _shape(panel: Panel) -> Drawn:
    last = common.ReduceDataOptions().calcs(["lastNotNull"]).values(False)
    match panel.shape:
        case Shape.STAT:
            large = stat.Panel().reduce_options(last).graph_mode(kinds.BigValueGraphMode.NONE)
            return large.color_mode(kinds.BigValueColorMode.VALUE)
        case Shape.BARS:
            bars = bargauge.Panel().reduce_options(last)
            bars.orientation(kinds.VizOrientation.HORIZONTAL)
            return bars.display_mode(kinds.BarGaugeDisplayMode.BASIC)
        case Shape.LINES:
            lines = timeseries.Panel().line_width(2).fill_opacity(0).span_nulls(True)
            lines.show_points(kinds.VisibilityMode.NEVER)
            # By their values' colours two lines could not be told from each other.
            palette = dashboard.FieldColor().mode(models.FieldColorModeId.PALETTE_CLASSIC)
            lines.color_scheme(palette)
            if panel.limits.steps:
                style = common.GraphThresholdsStyleConfig()
                lines.thresholds_style(style.mode(kinds.GraphThresholdsStyleMode.DASHED))
            legend = common.VizLegendOptions().display_mode(kinds.LegendDisplayMode.LIST)
            legend.placement(kinds.LegendPlacement.BOTTOM).show_legend(True).calcs([])
            return lines.legend(legend)
        case _:
            assert_never(panel.shape)


def _thresholds(limits: Limits) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(None, limits.base)]
    steps += [models.Threshold(step.value, step.color) for step in limits.steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _target(query: Query, letter: str, shape: Shape, language: Language) -> prometheus.Dataquery:
    target = prometheus.Dataquery().expr(query.expr).legend_format(query.legend.said(language))
    target.ref_id(letter).datasource(_SOURCE)
    return target.range() if shape is Shape.LINES else target.instant()
