//! History: flows and facts as Parquet files by day and site.
