"""Records -> Chrome trace JSON, which https://ui.perfetto.dev and chrome://tracing open."""

from simcluster.trace.writing import trace_events, write_trace

__all__ = ["trace_events", "write_trace"]
