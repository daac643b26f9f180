"""Electronic fences of worksites: shapes, coordinate systems, verdict geometry, versions and their admin routes."""
