//! How an operating system's network stack shows itself.

use serde::Deserialize;

use crate::bytes::Bytes;

/// A row of the site's `stack` table.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Stack {
    pub(crate) name: String,
    /// Initial time to live or hop limit.
    pub(crate) ttl: u8,
    /// TCP window.
    pub(crate) window: u16,
    /// Options of a SYN in their order.
    pub(crate) options: Vec<TcpOption>,
}

/// One TCP option of a SYN: `mss`, `nop`, `sack`, `ts`, `eol` or `ws:7`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) enum TcpOption {
    Mss,
    Nop,
    Sack,
    Timestamp,
    End,
    Scale(u8),
}

impl TryFrom<String> for TcpOption {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let scale = |text: &str| text.strip_prefix("ws:").and_then(|scale| scale.parse().ok());
        Ok(match text.as_str() {
            "mss" => TcpOption::Mss,
            "nop" => TcpOption::Nop,
            "sack" => TcpOption::Sack,
            "ts" => TcpOption::Timestamp,
            "eol" => TcpOption::End,
            other => TcpOption::Scale(scale(other).ok_or_else(|| {
                format!("{other:?} is not a TCP option; write mss, nop, sack, ts, eol or ws:7")
            })?),
        })
    }
}

impl Stack {
    pub(crate) fn timestamps(&self) -> bool {
        self.options.contains(&TcpOption::Timestamp)
    }

    /// The options of this stack's SYN, or of its SYN-ACK to a SYN with the options of `asked`.
    pub(crate) fn syn_options(
        &self,
        asked: Option<&Stack>,
        mss: u16,
        clock: u32,
        echo: u32,
    ) -> Vec<u8> {
        let scales = |stack: &Stack| stack.options.iter().any(|o| matches!(o, TcpOption::Scale(_)));
        let allowed = |option: &TcpOption| match (option, asked) {
            (TcpOption::Sack | TcpOption::Timestamp, Some(asked)) => asked.options.contains(option),
            (TcpOption::Scale(_), Some(asked)) => scales(asked),
            _ => true,
        };
        let bytes = self.options.iter().filter(|option| allowed(option)).fold(
            Bytes::new(),
            |bytes, option| match option {
                TcpOption::Mss => bytes.put([2, 4]).u16(mss),
                TcpOption::Nop => bytes.u8(1),
                TcpOption::Sack => bytes.put([4, 2]),
                TcpOption::Timestamp => bytes.put([8, 10]).u32(clock).u32(echo),
                TcpOption::End => bytes.u8(0),
                TcpOption::Scale(shift) => bytes.put([3, 3, *shift]),
            },
        );
        let mut bytes = bytes.done();
        while bytes.len() % 4 != 0 {
            bytes.push(if self.options.contains(&TcpOption::End) { 0 } else { 1 });
        }
        bytes
    }
}
