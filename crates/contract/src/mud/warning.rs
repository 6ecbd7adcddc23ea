//! What a person should know about an import.

use std::fmt;

use cordon_model::Text;
use cordon_mud::Place;

/// Something that a person should know about an import.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ImportWarning {
    /// Where in the file.
    pub place: Place,
    /// What.
    pub problem: ImportProblem,
}

/// What a person should know.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ImportProblem {
    /// The file names a signature, and nobody checked it.
    SignatureUnchecked(Text),
    /// The file names no signature.
    Unsigned,
    /// The maker no longer supports the device.
    Unsupported,
    /// The list or entry allows everything over IP, to and from everybody.
    Everything,
    /// Packets to a group are judged by the sender's contract alone.
    ToGroup,
    /// The file allows no answer; the contract lets answers pass.
    AnswersPass,
    /// Parts of a TLS profile that the contract cannot hold.
    TlsPartly(&'static str),
    /// Refused: it stands behind a denial.
    BehindDenial,
    /// Refused: over TCP there is nothing without an answer.
    NoAnswer,
    /// Refused: a condition on a header's field.
    HeaderField(&'static str),
    /// Refused: a condition on a link-layer address.
    MacAddress,
    /// Refused: frames that a contract cannot name.
    Frames,
    /// Refused: two conditions on who the other end is.
    SeveralPeers,
    /// Refused: a condition on the device's own address or name.
    OwnAddress,
    /// Refused: a type of ICMP with a code.
    IcmpCode,
    /// Refused: the same list answers itself with another opener.
    AgainstItself,
    /// More conversations than are kept; the rest is left out.
    TooMany,
}

impl ImportProblem {
    /// Whether the entry of the file is refused for it.
    #[must_use]
    pub const fn refuses(&self) -> bool {
        matches!(
            self,
            ImportProblem::BehindDenial
                | ImportProblem::NoAnswer
                | ImportProblem::HeaderField(_)
                | ImportProblem::MacAddress
                | ImportProblem::Frames
                | ImportProblem::SeveralPeers
                | ImportProblem::OwnAddress
                | ImportProblem::IcmpCode
                | ImportProblem::AgainstItself
        )
    }
}

impl fmt::Display for ImportWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.place, self.problem)
    }
}

impl fmt::Display for ImportProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.refuses() {
            f.write_str("refused: ")?;
        }
        match self {
            ImportProblem::SignatureUnchecked(url) => write!(
                f,
                "the file names a signature at {url}, which was not checked; anybody could have written it"
            ),
            ImportProblem::Unsigned => {
                f.write_str("the file is not signed; anybody could have written it")
            }
            ImportProblem::Unsupported => {
                f.write_str("its maker no longer supports the device; there will be no updates")
            }
            ImportProblem::Everything => f.write_str("allows everything with everybody"),
            ImportProblem::ToGroup => f.write_str(
                "packets to a group are judged by the contract of the sender; nothing to import",
            ),
            ImportProblem::AnswersPass => f.write_str(
                "the file allows no answers; here they pass, for they belong to the conversation",
            ),
            ImportProblem::TlsPartly(what) => {
                write!(f, "the TLS profile speaks of {what}, which are not checked")
            }
            ImportProblem::BehindDenial => f.write_str(
                "it stands behind a denial, and what it allows besides that cannot be told",
            ),
            ImportProblem::NoAnswer => f.write_str(
                "over TCP there is nothing without an answer, and no entry of the other direction allows one",
            ),
            ImportProblem::HeaderField(name) => write!(
                f,
                "it tells packets of a conversation apart by {name}; a contract is about conversations"
            ),
            ImportProblem::MacAddress => f.write_str(
                "it names a link-layer address; a contract names devices, so write it by hand",
            ),
            ImportProblem::Frames => f.write_str(
                "it is about Ethernet frames of any kind; a contract names an ethertype",
            ),
            ImportProblem::SeveralPeers => {
                f.write_str("it says in two ways who the other end is; a contract says it in one")
            }
            ImportProblem::OwnAddress => f.write_str(
                "it is about an address or name of the device itself, which a contract does not fix",
            ),
            ImportProblem::IcmpCode => f.write_str(
                "it names a code of an ICMP error; errors pass with the conversation they are about",
            ),
            ImportProblem::AgainstItself => {
                f.write_str("question and answer disagree about who opens")
            }
            ImportProblem::TooMany => {
                f.write_str("the file means too many conversations; the rest is left out")
            }
        }
    }
}
