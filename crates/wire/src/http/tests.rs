//! Whole connections as the sensor offers them.

use cordon_model::{Credential, Scheme, SecretKey, fact::HttpRequest};

use super::*;
use crate::testing::{Feed, shows};

fn feed() -> Feed {
    Feed::new(start())
}

fn requests(feed: &Feed) -> Vec<&HttpRequest> {
    let facts = feed.said.iter().filter_map(|said| match said {
        Said::HttpRequest(request) => Some(request.as_ref()),
        _ => None,
    });
    facts.collect()
}

fn responses(feed: &Feed) -> Vec<&HttpResponse> {
    let facts = feed.said.iter().filter_map(|said| match said {
        Said::HttpResponse(response) => Some(response.as_ref()),
        _ => None,
    });
    facts.collect()
}

const PAGE: &[u8] = b"HTTP/1.1 200 OK\r\nServer: Boa/0.94\r\nContent-Type: text/html\r\n\
    Content-Length: 36\r\n\r\n<html><title>Cam</title></html>.....";

#[test]
fn every_message_of_a_connection_is_read_however_it_arrives() {
    let question = b"POST /a HTTP/1.1\r\nHost: cam\r\nContent-Length: 5\r\n\r\nhello\
        GET /b HTTP/1.1\r\nUser-Agent: x/1\r\n\r\n";
    let answers = [PAGE, b"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", PAGE].concat();
    let mut whole = feed();
    whole.send(Side::Client, question);
    whole.send(Side::Server, &answers);
    let mut slow = feed();
    slow.trickle(Side::Client, question);
    slow.trickle(Side::Server, &answers);
    for feed in [&whole, &slow] {
        let paths: Vec<_> = requests(feed).iter().map(|request| request.path.as_str()).collect();
        assert_eq!(paths, ["/a", "/b"]);
        let said = responses(feed);
        assert_eq!(said.iter().map(|r| r.status).collect::<Vec<_>>(), [200, 304, 200]);
        assert_eq!(said[0].title.as_deref(), Some("Cam"));
        assert_eq!(said[0].server.as_deref(), Some("Boa/0.94"));
    }
    assert_eq!(requests(&whole)[0].headers, ["host", "content-length"]);
}

#[test]
fn answers_to_head_have_no_body() {
    let mut feed = feed();
    feed.send(Side::Client, b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
    feed.send(Side::Server, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    feed.send(Side::Server, PAGE);
    assert_eq!(responses(&feed).len(), 2);
}

#[test]
fn an_answer_without_a_length_runs_to_the_end() {
    let mut feed = feed();
    feed.send(Side::Server, b"HTTP/1.0 200 OK\r\nContent-Type: image/jpeg\r\n\r\n");
    feed.send(Side::Server, PAGE);
    assert_eq!(responses(&feed).len(), 1);
}

#[test]
fn an_answer_without_a_length_is_said_at_once_and_again_with_its_title() {
    let mut feed = feed();
    feed.send(
        Side::Server,
        b"HTTP/1.0 401 No\r\nContent-Type: text/html\r\nWWW-Authenticate: Basic realm=\"cam\"\r\n\r\n",
    );
    assert_eq!(responses(&feed)[0].authenticate.as_deref(), Some("Basic realm=\"cam\""));
    feed = self::feed();
    feed.send(Side::Server, b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n");
    assert_eq!(responses(&feed).len(), 1);
    feed.send(Side::Server, b"<html><title>Cam</title>");
    assert_eq!(responses(&feed)[1].title.as_deref(), Some("Cam"));
}

#[test]
fn interim_answers_do_not_answer() {
    let mut feed = feed();
    feed.send(Side::Client, b"HEAD / HTTP/1.1\r\n\r\n");
    feed.send(Side::Server, b"HTTP/1.1 100 Continue\r\n\r\n");
    feed.send(Side::Server, b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 500 No\r\n\r\n");
    assert_eq!(responses(&feed).last().unwrap().status, 500);
}

#[test]
fn a_tunnel_is_read_as_what_it_carries() {
    let mut feed = feed();
    feed.send(Side::Client, b"CONNECT h:443 HTTP/1.1\r\n\r\n");
    feed.send(Side::Server, b"HTTP/1.1 200 Connection established\r\n\r\n");
    let body = tls::hello::tests::client_body("inner.example");
    let length = u8::try_from(body.len()).unwrap();
    let record = [&[22, 3, 1, 0, length + 4, 1, 0, 0, length][..], &body].concat();
    feed.send(Side::Client, &record);
    let Some(Said::ClientHello(hello)) = feed.said.last() else { panic!("{:?}", feed.said) };
    assert_eq!(hello.sni.as_deref(), Some("inner.example"));
}

#[test]
fn plain_requests_in_a_tunnel_are_read() {
    let mut feed = feed();
    feed.send(Side::Client, b"CONNECT h:80 HTTP/1.1\r\n\r\n");
    feed.send(Side::Server, b"HTTP/1.1 200 Connection established\r\n\r\n");
    feed.send(Side::Client, b"GET /in HTTP/1.1\r\n\r\n");
    feed.send(Side::Server, PAGE);
    assert_eq!((requests(&feed).len(), responses(&feed).len()), (2, 2));
}

#[test]
fn an_upgraded_connection_is_left_alone() {
    let mut feed = feed();
    let step = feed.send(Side::Server, b"HTTP/1.1 101 Switching Protocols\r\n\r\n\x81\x05hello");
    assert_eq!((step, responses(&feed).len()), (Step::Done, 1));
}

#[test]
fn secrets_are_reported_and_never_shown() {
    let mut feed = feed();
    feed.send(
        Side::Client,
        b"GET http://u:hunter2@cam/x?user=admin&pwd=hunter2 HTTP/1.1\r\n\
          Authorization: Basic YWRtaW46aHVudGVyMg==\r\nHost: u:hunter2@cam\r\n\r\n\
          POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
          Authorization: hunter2\r\nContent-Length: 31\r\n\r\nusername=admin&password=hunter2",
    );
    feed.send(
        Side::Server,
        b"HTTP/1.1 302 Found\r\nLocation: /home?password=hunter2\r\nContent-Length: 0\r\n\r\n",
    );
    assert!(!shows(&feed.said, "hunter2"), "{:?}", feed.said);
    let key = SecretKey::new([7; 32]);
    let of = |scheme, user: &[u8]| {
        let wanted = Said::Credential(Credential::new(&key, scheme, user, b"hunter2"));
        feed.said.iter().filter(|said| **said == wanted).count()
    };
    assert_eq!(of(Scheme::HttpBasic, b"admin"), 1);
    assert_eq!(of(Scheme::HttpBasic, b"u"), 1);
    assert_eq!(of(Scheme::HttpForm, b"admin"), 2);
}

#[test]
fn a_description_in_chunks_is_handed_over() {
    let xml =
        b"<?xml version=\"1.0\"?><root><device><friendlyName>Hue</friendlyName></device></root>";
    let mut feed = feed();
    feed.send(Side::Server, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for part in xml.chunks(20) {
        feed.send(Side::Server, format!("{:x}\r\n", part.len()).as_bytes());
        feed.send(Side::Server, &[part, b"\r\n"].concat());
    }
    let [Said::HttpResponse(_), Said::Upnp(description)] = feed.said.as_slice() else {
        panic!("{:?}", feed.said)
    };
    assert_eq!(description.friendly_name.as_deref(), Some("Hue"));
}

#[test]
fn after_lost_bytes_the_next_message_is_found() {
    let mut feed = feed();
    feed.send(
        Side::Server,
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\
        Content-Length: 5000\r\n\r\n<html>",
    );
    feed.gap(Side::Server);
    feed.send(Side::Server, b"the rest of a page");
    feed.send(Side::Server, PAGE);
    assert_eq!(responses(&feed).len(), 2);
}

#[test]
fn a_head_without_an_end_is_read_as_far_as_it_goes() {
    let mut feed = feed();
    feed.send(Side::Client, b"GET /long HTTP/1.1\r\nHost: cam\r\nCookie: ");
    for _ in 0..20 {
        feed.send(Side::Client, &[b'x'; 1000]);
    }
    let [request] = requests(&feed)[..] else { panic!("{:?}", feed.said) };
    assert_eq!(request.host.as_deref(), Some("cam"));
}

#[test]
fn only_http_is_recognised() {
    let judge = |data: &[u8]| recognise(Side::Client, data);
    assert_eq!(judge(b"GET / HTTP/1.1\r\n"), Guess::Sure);
    assert_eq!(judge(b"\r\nBREW /pot HTTP/1.0\r\n"), Guess::Sure);
    assert_eq!(judge(b"HTTP/1.0 200"), Guess::Sure);
    assert_eq!(judge(b"GET /a-long-one"), Guess::More);
    assert_eq!(judge(b"PO"), Guess::More);
    assert_eq!(judge(b"GET /\r\n"), Guess::Fits);
    for other in [
        &b"OPTIONS rtsp://cam/ RTSP/1.0\r\n"[..],
        b"INVITE sip:a@b SIP/2.0\r\n",
        b"USER anonymous\r\n",
        b"EHLO there\r\n",
        b"HTTP/x",
        b"\x16\x03\x01",
    ] {
        assert_eq!(judge(other), Guess::No, "{other:?}");
    }
}
