"""hexoframe's own folders: Parquet and CSV, each with a manifest of what it holds."""
