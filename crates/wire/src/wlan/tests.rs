//! Frames as a monitor interface delivers them.

use cordon_model::fact::{AccessPoint, AuthenticationSuite, Cipher, WlanClient};
use cordon_model::{LinkType, Said};

use super::*;
use crate::testing::said;

const AP: [u8; 6] = [2, 0, 0, 0, 0, 0xa];
const CLIENT: [u8; 6] = [2, 0, 0, 0, 0, 0xc];
const FAR: [u8; 6] = [2, 0, 0, 0, 0, 0xf];

fn header(control: [u8; 2], addresses: [[u8; 6]; 3]) -> Vec<u8> {
    [&control[..], &[0, 0], &addresses.concat(), &[0, 0]].concat()
}

fn element(id: u8, body: &[u8]) -> Vec<u8> {
    [&[id, body.len() as u8][..], body].concat()
}

fn beacon(elements: &[Vec<u8>]) -> AccessPoint {
    let mut bytes = header([0x80, 0], [[0xff; 6], AP, AP]);
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 0, 100, 0, 0x11, 0]);
    bytes.extend(elements.concat());
    let (frame, mut facts) = said(|out| frame(&bytes, out));
    assert_eq!(frame, WlanFrame::Management);
    match facts.pop() {
        Some(Said::AccessPoint(point)) => *point,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_beacon_tells_name_channel_and_protection() {
    let rsn = [
        &[1, 0, 0, 0x0f, 0xac, 2, 1, 0, 0, 0x0f, 0xac, 4, 2, 0][..],
        &[0, 0x0f, 0xac, 2, 0, 0x0f, 0xac, 8, 0xc0, 0],
    ]
    .concat();
    let point = beacon(&[element(0, b"home"), element(3, &[6]), element(48, &rsn)]);
    assert_eq!(point.bssid, Mac(AP));
    assert_eq!(point.ssid.as_deref(), Some("home"));
    assert_eq!(point.channel, Some(6));
    assert!(point.privacy && point.rsn && !point.wpa);
    assert_eq!(point.ciphers, [Cipher::Tkip, Cipher::Ccmp]);
    assert_eq!(point.authentication, [AuthenticationSuite::Psk, AuthenticationSuite::Sae]);
    assert!(point.pmf_capable && point.pmf_required);
}

#[test]
fn wpa_and_wps_are_vendor_elements() {
    let wpa =
        [0, 0x50, 0xf2, 1, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2, 1, 0, 0, 0x50, 0xf2, 2];
    let wps =
        b"\0\x50\xf2\x04\x10\x4a\0\x01\x10\x10\x44\0\x01\x02\x10\x21\0\x04Acme\x10\x23\0\x02R7";
    let point = beacon(&[element(221, &wpa), element(221, wps), element(61, &[36, 0])]);
    assert!(point.wpa && !point.rsn);
    assert_eq!(point.ciphers, [Cipher::Tkip]);
    assert_eq!(point.authentication, [AuthenticationSuite::Psk]);
    assert_eq!(point.wps, Some(2));
    assert_eq!(point.manufacturer.as_deref(), Some("Acme"));
    assert_eq!(point.model.as_deref(), Some("R7"));
    assert_eq!(point.channel, Some(36));
}

#[test]
fn a_blanked_name_is_hidden_and_a_second_one_does_not_count() {
    assert_eq!(beacon(&[element(0, &[0; 8]), element(0, b"evil")]).ssid, None);
}

#[test]
fn a_cut_rsn_element_is_still_rsn() {
    let point = beacon(&[element(48, &[1, 0, 0, 0x0f, 0xac, 4, 9, 0])]);
    assert!(point.rsn);
    assert_eq!(point.ciphers, [Cipher::Ccmp]);
    assert!(!point.pmf_capable);
}

#[test]
fn a_probing_client_tells_whom_it_looks_for() {
    let mut bytes = header([0x40, 0], [[0xff; 6], CLIENT, [0xff; 6]]);
    bytes.extend(element(0, b"home"));
    let (_, facts) = said(|out| frame(&bytes, out));
    let expected = WlanClient {
        mac: Mac(CLIENT),
        bssid: None,
        ssid: Some("home".into()),
        manufacturer: None,
        model: None,
        device_name: None,
    };
    assert_eq!(facts, [Said::WlanClient(Box::new(expected))]);
}

#[test]
fn what_an_access_point_sends_makes_no_client() {
    for control in [0xb0, 0xc0] {
        let bytes = [header([control, 0], [CLIENT, AP, AP]), vec![0; 6]].concat();
        assert_eq!(said(|out| frame(&bytes, out)), (WlanFrame::Management, vec![]));
    }
}

const IP: &[u8] = &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0, 0x45, 0];

fn data(bytes: &[u8]) -> WlanData<'_> {
    match said(|out| frame(bytes, out)) {
        (WlanFrame::Data(data), facts) if facts.is_empty() => data,
        other => panic!("{other:?}"),
    }
}

#[test]
fn addresses_follow_the_distribution_bits() {
    let (ap, client, far) = (Mac(AP), Mac(CLIENT), Mac(FAR));
    for (flags, addresses, expected) in [
        (0, [FAR, CLIENT, AP], (client, far, ap)),
        (1, [AP, CLIENT, FAR], (client, far, ap)),
        (2, [CLIENT, AP, FAR], (far, client, ap)),
    ] {
        let bytes = [&header([0x08, flags], addresses), IP].concat();
        let data = data(&bytes);
        assert_eq!((data.src, data.dst, data.bssid), expected);
        assert_eq!((data.ethertype, data.payload), (0x0800, &[0x45, 0][..]));
    }
    let bytes = [&header([0x08, 3], [AP, AP, FAR]), &CLIENT[..], IP].concat();
    assert_eq!((data(&bytes).src, data(&bytes).dst), (client, far));
}

#[test]
fn quality_of_service_control_and_padding_are_passed_over() {
    let plain = header([0x88, 0x02], [CLIENT, AP, FAR]);
    let ordered = header([0x88, 0x82], [CLIENT, AP, FAR]);
    for bytes in [
        [&plain, &[0, 0][..], IP].concat(),
        [&plain, &[0, 0, 0, 0][..], IP].concat(),
        [&ordered, &[0, 0, 1, 2, 3, 4][..], IP].concat(),
        [&plain, &[0x80, 0][..], &CLIENT, &FAR, &[0, 10], IP, &[9; 9]].concat(),
    ] {
        let data = data(&bytes);
        assert_eq!((data.src, data.dst), (Mac(FAR), Mac(CLIENT)));
        assert_eq!((data.ethertype, data.payload), (0x0800, &[0x45, 0][..]));
    }
}

#[test]
fn other_llc_comes_with_its_length_as_in_ethernet() {
    let stp = [0x42, 0x42, 3, 0, 0];
    let bytes = [&header([0x08, 2], [CLIENT, AP, FAR]), &stp[..]].concat();
    assert_eq!((data(&bytes).ethertype, data(&bytes).payload), (5, &stp[..]));
}

#[test]
fn an_encrypted_body_is_not_read() {
    let bytes = [&header([0x08, 0x41], [AP, CLIENT, FAR]), IP].concat();
    let (frame, _) = said(|out| frame(&bytes, out));
    let expected = WlanFrame::Protected { src: Mac(CLIENT), dst: Mac(FAR), bssid: Mac(AP) };
    assert_eq!(frame, expected);
}

#[test]
fn radiotap_words_may_go_on_and_a_checksum_is_cut_off() {
    // Two presence words, time stamp aligned to eight octets, flags.
    let mut bytes = vec![0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 9, 9, 9, 9];
    bytes.extend([0; 8]);
    bytes.extend([0x10, 0x80, 2, 3, 4, 5]);
    assert_eq!(strip_header(LinkType::RADIOTAP, &bytes), Some(&[0x80][..]));
    let mut data = bytes.clone();
    data[25] = 0x88;
    assert_eq!(strip_header(LinkType::RADIOTAP, &data), Some(&[0x88, 2, 3, 4, 5][..]));
    let mut wrong = bytes.clone();
    wrong[24] = 0x50;
    assert_eq!(strip_header(LinkType::RADIOTAP, &wrong), None);
    let mut lying = bytes;
    lying[2] = 200;
    assert_eq!(strip_header(LinkType::RADIOTAP, &lying), None);
}

#[test]
fn prism_avs_and_ppi_headers_are_stripped() {
    let prism = [&[0x44, 0, 0, 0, 144, 0, 0, 0][..], &[0; 136], &[7]].concat();
    assert_eq!(strip_header(LinkType::PRISM, &prism), Some(&[7][..]));
    let avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56], &[7]].concat();
    assert_eq!(strip_header(LinkType::AVS, &avs), Some(&[7][..]));
    assert_eq!(strip_header(LinkType::PRISM, &avs), Some(&[7][..]));
    let ppi = [
        &[0, 0, 32, 0, 105, 0, 0, 0, 2, 0, 20, 0][..],
        &[0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &[0x80, 1, 2, 3, 4],
    ]
    .concat();
    assert_eq!(strip_header(LinkType::PPI, &ppi), Some(&[0x80][..]));
}
