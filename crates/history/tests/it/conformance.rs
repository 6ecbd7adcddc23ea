//! The suite that every backend must pass, on Parquet files.

use cordon_history::conformance::{Backend, run};
use cordon_history::{History, Options, ParquetHistory};
use tempfile::TempDir;

struct Files(TempDir);

impl Files {
    fn open(&self) -> Box<dyn History> {
        let options = Options { min_free: 0, ..Options::default() };
        Box::new(ParquetHistory::open(self.0.path(), options).unwrap())
    }
}

impl Backend for Files {
    fn fresh(&mut self) -> Box<dyn History> {
        self.0 = tempfile::tempdir().unwrap();
        self.open()
    }

    fn again(&mut self) -> Box<dyn History> {
        self.open()
    }
}

#[test]
fn parquet_files_do_what_every_history_must() {
    run(&mut Files(tempfile::tempdir().unwrap()));
}
