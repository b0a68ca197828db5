"""Pictures of tables: each plot takes a DataFrame and axes, and returns the axes.

``draw`` makes a figure by the name of a kind, ``save`` writes it, ``to_svg`` returns it as text. Plots neither simulate
nor know any theory: a caller who wants theory in a picture adds it to the table as columns.
"""

from simcluster.plots.kinds import KINDS, PlotKind, draw, save, to_svg

__all__ = ["KINDS", "PlotKind", "draw", "save", "to_svg"]
