"""How well a company's own tickets tell where they belong (`banso evaluate-routing`)."""
