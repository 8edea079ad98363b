"""Dashboards for whoever leads: each panel is named by the question that it answers."""
