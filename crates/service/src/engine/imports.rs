//! Records of other tools: leases, inventories, logs.

use crate::view::ImportView;
use crate::{Answer, Caller, Problem, ProblemKind};

use super::Engine;

impl Engine {
    pub(super) async fn take_in_records(
        &self,
        caller: &Caller,
        _name: &str,
        _content: &[u8],
    ) -> Answer<ImportView> {
        self.may_site(caller, cordon_model::record::Action::RecordsImport)?;
        Err(Problem::new(ProblemKind::Unavailable, "not yet"))
    }
}
