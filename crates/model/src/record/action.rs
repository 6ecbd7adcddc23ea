//! What can be done to a running service: one table for policies, the ledger, the API and help.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Text, Timestamp};

macro_rules! actions {
    ($($variant:ident $name:literal $title:literal,)*) => {
        /// Something that is done to the service or its records.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[non_exhaustive]
        pub enum Action { $(#[doc = $title] $variant,)* }

        impl Action {
            /// Every action, in table order.
            pub const ALL: &'static [Action] = &[$(Action::$variant,)*];

            /// The name used in policies, the ledger and the API.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Action::$variant => $name,)* }
            }

            /// In plain words, as in "Anna …".
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Action::$variant => $title,)* }
            }
        }
    };
}

actions! {
    SiteView "site.view" "looked at the site",
    MetricsView "metrics.view" "read metrics",
    DeviceEdit "device.edit" "changed a device's entry",
    DeviceMerge "device.merge" "joined two devices into one",
    DeviceSplit "device.split" "split a device in two",
    DeviceForget "device.forget" "had a device and its history forgotten",
    ChangeUndo "change.undo" "took a change back",
    FindingAccept "finding.accept" "accepted a finding's risk",
    FindingReopen "finding.reopen" "opened an accepted finding again",
    DeviceReach "device.reach" "switched what a device may reach",
    ContractAdopt "contract.adopt" "put a contract in force",
    ContractStage "contract.stage" "changed how far a contract is enforced",
    ContractUndo "contract.undo" "took a change of contracts back",
    RulesConfirm "rules.confirm" "confirmed the rules on trial",
    RulesBack "rules.back" "took the rules on trial back",
    RulesMend "rules.mend" "brought the rules back to what is meant",
    ProofMake "proof.make" "had a proof made",
    ProbeMake "probe.make" "set out to probe a device",
    ProbeReport "probe.report" "told what a probe met",
    RecordsImport "records.import" "imported records",
    FlowsExport "flows.export" "exported flows",
    DevicesExport "devices.export" "exported devices",
    LedgerView "ledger.view" "read the ledger",
    LedgerExport "ledger.export" "exported the ledger",
    SettingChange "setting.change" "changed a setting",
    BackupMake "backup.make" "made a backup",
    BackupRestore "backup.restore" "restored a backup",
    KeysRotate "keys.rotate" "changed the master key",
    PersonInvite "person.invite" "invited a person",
    PersonEnrol "person.enrol" "enrolled",
    PersonChange "person.change" "changed a person's role or state",
    PeopleView "people.view" "looked at people and keys",
    CredentialAdd "credential.add" "added a way to sign in",
    CredentialRemove "credential.remove" "removed a way to sign in",
    SessionBegin "session.begin" "signed in",
    SessionRefused "session.refused" "was refused at sign-in",
    SessionEnd "session.end" "signed out",
    SessionRevoke "session.revoke" "ended a session",
    TokenCreate "token.create" "made an API token",
    TokenRevoke "token.revoke" "revoked an API token",
    ApprovalAsk "approval.ask" "asked for a second person's approval",
    ApprovalDecide "approval.decide" "decided about a request",
    ActionRefused "action.refused" "was refused an action",
    ServiceStart "service.start" "started the service",
    ServiceStop "service.stop" "stopped the service",
    RetentionRun "retention.run" "removed what was past its time",
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Action {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Action::ALL
            .iter()
            .find(|action| action.name() == name)
            .copied()
            .ok_or_else(|| serde::de::Error::custom(format!("unknown action {name:?}")))
    }
}

/// One entry of the ledger, before it has a place in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Who: `person:ID`, `token:ID`, `local:UID` or `system`.
    pub actor: Text,
    /// What.
    pub action: Action,
    /// To what: a device's, person's or setting's id; empty for the service as a whole.
    pub subject: Text,
    /// Particulars, in alphabetical order; never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub detail: BTreeMap<Text, Text>,
}
