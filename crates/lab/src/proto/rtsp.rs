//! RTSP (RFC 2326): describe, set up and play, with sound over RTP (RFC 3550).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use crate::bytes::Bytes;
use crate::error::SiteError;
use crate::net::Tcp;
use crate::stage::Stage;

/// Samples in one RTP packet: 20 ms at 8 kHz.
const SAMPLES: u32 = 160;

/// Somebody watches a camera.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Session {
    from: String,
    to: String,
    path: String,
    agent: String,
    server: Option<String>,
    /// Realm of the password prompt.
    realm: Option<String>,
    /// `user:password` for Basic; open to everybody without.
    auth: Option<String>,
    /// RTP packets that follow.
    #[serde(default)]
    packets: u16,
}

impl Session {
    pub(crate) fn play(&self, stage: &mut Stage<'_>) -> Result<(), SiteError> {
        let path = stage.path(&self.from, &self.to)?;
        let url = format!("rtsp://{}:554{}", path.server.ip, self.path);
        let mut tcp = Tcp::over(stage, path, 554)?;
        let (rtp, source) = (tcp.stage().rng.u16() | 0x8000, tcp.stage().rng.u32());
        let (rtp, server_rtp) = (rtp & 0xfffe, 8000 + (rtp & 0xfe));
        let transport = format!("RTP/AVP;unicast;client_port={rtp}-{}", rtp + 1);
        let sdp = format!(
            "v=0\r\n\
                o=- 1 1 IN IP4 {0}\r\n\
                s=Session streamed by device\r\n\
                c=IN IP4 {0}\r\n\
                t=0 0\r\n\
                m=audio 0 RTP/AVP 0\r\n\
                a=rtpmap:0 PCMU/8000\r\n\
                a=control:track1\r\n",
            path.server.ip
        );
        let auth =
            self.auth.as_ref().map(|a| format!("Authorization: Basic {}\r\n", STANDARD.encode(a)));
        let auth = auth.unwrap_or_default();
        let track = format!("{url}/track1");
        tcp.client(self.request("OPTIONS", &url, 1, ""));
        tcp.server(self.response(
            "200 OK",
            1,
            "Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY\r\n",
            "",
        ));
        if self.auth.is_some() {
            let realm = self.realm.as_deref().unwrap_or("camera");
            tcp.client(self.request("DESCRIBE", &url, 2, "Accept: application/sdp\r\n"));
            let challenge = format!("WWW-Authenticate: Basic realm=\"{realm}\"\r\n");
            tcp.server(self.response("401 Unauthorized", 2, &challenge, ""));
        }
        tcp.client(self.request(
            "DESCRIBE",
            &url,
            3,
            &format!("{auth}Accept: application/sdp\r\n"),
        ));
        tcp.server(self.response("200 OK", 3, "Content-Type: application/sdp\r\n", &sdp));
        tcp.client(self.request("SETUP", &track, 4, &format!("{auth}Transport: {transport}\r\n")));
        let granted = format!(
            "Transport: {transport};server_port={server_rtp}-{}\r\nSession: 47112344;timeout=60\r\n",
            server_rtp + 1
        );
        tcp.server(self.response("200 OK", 4, &granted, ""));
        tcp.client(self.request(
            "PLAY",
            &url,
            5,
            &format!("{auth}Session: 47112344\r\nRange: npt=0.000-\r\n"),
        ));
        tcp.server(self.response("200 OK", 5, "Session: 47112344\r\n", ""));
        tcp.wait(path.delay);
        let stage = tcp.stage();
        let mut udp = stage.udp_over(path, server_rtp);
        udp.client_port = rtp;
        for number in 0..self.packets {
            let head = Bytes::new().u8(0x80).u8(0).u16(number).u32(u32::from(number) * SAMPLES);
            let sound = stage.rng.bytes(160);
            udp.answer(stage, head.u32(source).put(sound));
            stage.wait_millis(19);
        }
        tcp.client(self.request("TEARDOWN", &url, 6, &format!("{auth}Session: 47112344\r\n")));
        tcp.server(self.response("200 OK", 6, "", ""));
        tcp.close();
        Ok(())
    }

    fn request(&self, method: &str, url: &str, number: u8, headers: &str) -> String {
        format!(
            "{method} {url} RTSP/1.0\r\nCSeq: {number}\r\nUser-Agent: {}\r\n{headers}\r\n",
            self.agent
        )
    }

    fn response(&self, status: &str, number: u8, headers: &str, body: &str) -> String {
        let server =
            self.server.as_ref().map(|name| format!("Server: {name}\r\n")).unwrap_or_default();
        let length = match body.len() {
            0 => String::new(),
            length => format!("Content-Length: {length}\r\n"),
        };
        format!("RTSP/1.0 {status}\r\nCSeq: {number}\r\n{server}{headers}{length}\r\n{body}")
    }
}
