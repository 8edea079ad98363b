"""`python -m deploy.grafana` writes every board in both languages beside this file."""

from __future__ import annotations

from deploy.grafana.boards import FILES

if __name__ == "__main__":
    for path, content in FILES.items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
