//! Roots and proofs against published vectors and against `ct-merkle`.

use cordon_ledger::{
    Hash, ProofError, Tree, leaf_hash, prove_consistency, prove_inclusion, verify_consistency,
    verify_inclusion,
};
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof};
use proptest::prelude::*;
use sha2::Sha256;

/// The leaves of the reference tests of Certificate Transparency (RFC 6962).
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
/// The roots over the first one to eight of them.
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn hex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn hashes(texts: &[&str]) -> Vec<Hash> {
    texts.iter().map(|text| hex(text).try_into().unwrap()).collect()
}

fn known() -> Vec<Hash> {
    LEAVES.iter().map(|leaf| leaf_hash(&hex(leaf))).collect()
}

#[test]
fn roots_are_those_of_rfc_6962() {
    let mut tree = Tree::new();
    assert_eq!(
        tree.root().to_vec(),
        hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    );
    for (leaf, root) in known().into_iter().zip(ROOTS) {
        tree.append(leaf);
        assert_eq!(tree.root().to_vec(), hex(root));
    }
}

#[test]
fn proofs_are_those_of_rfc_6962() {
    let leaves = known();
    assert_eq!(
        prove_inclusion(&leaves, 0, 8).unwrap(),
        hashes(&[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ])
    );
    assert_eq!(
        prove_consistency(&leaves, 6, 8).unwrap(),
        hashes(&[
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            ROOTS[3],
        ])
    );
}

#[test]
fn a_proof_for_another_record_size_or_root_does_not_hold() {
    let leaves = known();
    let root = |size: usize| Tree::from_leaf_hashes(leaves[..size].iter().copied()).root();
    for size in 1..=8_usize {
        for index in 0..size {
            let proof = prove_inclusion(&leaves, index as u64, size as u64).unwrap();
            let holds = |leaf: usize, index: usize, size: usize, root: &Hash| {
                verify_inclusion(&leaves[leaf], index as u64, size as u64, root, &proof)
            };
            assert_eq!(holds(index, index, size, &root(size)), Ok(()));
            for other in (0..8).filter(|other| *other != index) {
                assert!(holds(other, index, size, &root(size)).is_err());
                assert!(holds(index, other, size, &root(size)).is_err());
                if other + 1 != size {
                    assert!(holds(index, index, size, &root(other + 1)).is_err());
                }
            }
            let longer = [proof.as_slice(), &[[0; 32]]].concat();
            let (index64, size64) = (index as u64, size as u64);
            assert_eq!(
                verify_inclusion(&leaves[index], index64, size64, &root(size), &longer),
                Err(ProofError::Length)
            );
        }
    }
}

#[test]
fn a_proof_between_trees_that_are_no_continuation_does_not_hold() {
    let leaves = known();
    let mut other = leaves.clone();
    other[1] = leaf_hash(b"other");
    for old in 2..=8_u64 {
        let old_root = Tree::from_leaf_hashes(leaves[..old as usize].iter().copied()).root();
        for new in old..=8 {
            let new_root = Tree::from_leaf_hashes(other[..new as usize].iter().copied()).root();
            for source in [&leaves, &other] {
                let proof = prove_consistency(source, old, new).unwrap();
                assert_eq!(
                    verify_consistency(old, &old_root, new, &new_root, &proof),
                    Err(ProofError::Mismatch)
                );
            }
        }
    }
}

#[test]
fn what_cannot_be_proven_is_said() {
    let leaves = known();
    assert_eq!(prove_inclusion(&leaves, 8, 8), Err(ProofError::Beyond { asked: 8, size: 8 }));
    assert_eq!(prove_consistency(&leaves, 9, 8), Err(ProofError::Beyond { asked: 9, size: 8 }));
    assert_eq!(prove_inclusion(&leaves, 1, 10), Err(ProofError::Missing(8)));
    assert_eq!(
        verify_inclusion(&[0; 32], u64::MAX, u64::MAX, &[0; 32], &[]),
        Err(ProofError::Beyond { asked: u64::MAX, size: u64::MAX })
    );
    assert_eq!(verify_inclusion(&[0; 32], 0, u64::MAX, &[0; 32], &[]), Err(ProofError::Length));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn ct_merkle_agrees(size in 1..200_usize, at in any::<prop::sample::Index>(), old in any::<prop::sample::Index>()) {
        let records: Vec<Vec<u8>> = (0..size).map(|index| format!("record {index}").into_bytes()).collect();
        let leaves: Vec<Hash> = records.iter().map(|record| leaf_hash(record)).collect();
        let mut theirs = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let (at, old) = (at.index(size), old.index(size) + 1);
        let mut old_theirs = None;
        for (index, record) in records.iter().enumerate() {
            theirs.push(record.clone());
            if index + 1 == old {
                old_theirs = Some(theirs.root());
            }
        }
        let old_theirs = old_theirs.unwrap();
        let root = Tree::from_leaf_hashes(leaves.iter().copied()).root();
        let old_root = Tree::from_leaf_hashes(leaves[..old].iter().copied()).root();
        prop_assert_eq!(root.to_vec(), theirs.root().as_bytes().to_vec());
        prop_assert_eq!(old_root.to_vec(), old_theirs.as_bytes().to_vec());

        // Each side's proof is the other's, byte for byte, and holds on both.
        let mine = prove_inclusion(&leaves, at as u64, size as u64).unwrap();
        let proof = theirs.prove_inclusion(at);
        prop_assert_eq!(mine.concat(), proof.as_bytes());
        prop_assert!(verify_inclusion(&leaves[at], at as u64, size as u64, &root, &mine).is_ok());
        let proof = InclusionProof::<Sha256>::try_from_bytes(mine.concat()).unwrap();
        prop_assert!(theirs.root().verify_inclusion(&records[at], at as u64, &proof).is_ok());

        let mine = prove_consistency(&leaves, old as u64, size as u64).unwrap();
        prop_assert!(verify_consistency(old as u64, &old_root, size as u64, &root, &mine).is_ok());
        if old < size {
            let proof = theirs.prove_consistency(size - old);
            prop_assert_eq!(mine.concat(), proof.as_bytes());
            let proof = ConsistencyProof::<Sha256>::try_from_bytes(mine.concat()).unwrap();
            prop_assert!(theirs.root().verify_consistency(&old_theirs, &proof).is_ok());
        }
    }
}
