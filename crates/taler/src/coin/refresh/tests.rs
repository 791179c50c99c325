//! Every intermediate value of five circles of a real exchange of protocol 23, and of one of protocol 32
//! that an independent program computed.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::*;
use crate::amount::Amount;
use crate::base32::ShortHash;
use crate::coin::age::{AgeCommitment, AgeKey, AgeMask};
use crate::coin::coin_hash;
use crate::coin::cs::{CsBlindSignature, CsPublicKey};
use crate::coin::denomination::{CoinSignature, DenominationKey};
use crate::coin::envelope::EnvelopeSignature;
use crate::coin::rsa::RsaPublicKey;
use crate::sign::exchange::MeltConfirmation;
use crate::sign::wallet::{AgeAttestation, BatchWithdraw, CoinHistory, CoinLink, CoinMelt};
use crate::sign::{Signature, Statement, message};

const CIRCLES: &str = include_str!("../../../tests/vectors/refresh.json");
const SEEDED: &str = include_str!("../../../tests/vectors/refresh_v32.json");

fn hex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no text"));
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn bytes<const N: usize>(value: &Value) -> [u8; N] {
    hex(value).try_into().unwrap()
}

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|bad| panic!("{value}: {bad}"))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn key(value: &Value) -> SigningKey {
    SigningKey::from_seed(bytes(value))
}

fn amount(value: &Value) -> AmountBytes {
    Amount::parse(value.as_str().unwrap()).unwrap().to_nbo()
}

fn whole<S: Statement>(statement: &S) -> Vec<u8> {
    message(S::PURPOSE.number(), &statement.body())
}

fn optional<T>(value: &Value, read: impl Fn(&Value) -> T) -> Option<T> {
    (!value.is_null()).then(|| read(value))
}

fn denomination(value: &Value) -> DenominationKey {
    let text = value["pub"].as_str().unwrap();
    match value["cipher"].as_str().unwrap().starts_with("CS") {
        true => DenominationKey::Cs(CsPublicKey::parse(text).unwrap()),
        false => DenominationKey::Rsa(RsaPublicKey::parse(text).unwrap()),
    }
}

/// What the exchange said of the Clause-Schnorr coin at this place.
fn values(circle: &Value, place: usize) -> CsWithdrawValues {
    let said = &circle["csr"][place.to_string()]["r_pub"];
    CsWithdrawValues { r_pub_0: bytes(&said[0]).into(), r_pub_1: bytes(&said[1]).into() }
}

/// The coin at this place of a candidate, and the age commitment of all of them.
struct Candidate {
    coin: FreshCoin,
    message: HashCode,
    envelope: CoinEnvelope,
}

fn candidate(
    circle: &Value,
    shared: &SharedSecret,
    place: usize,
    ages: Option<&ShortHash>,
) -> Candidate {
    let at = u32::try_from(place).unwrap();
    let secret: RefreshSecret = bytes(&circle["rms"]).into();
    match denomination(&circle["new_denominations"][place]) {
        DenominationKey::Rsa(key) => {
            let coin = shared.rsa_coin(at);
            let message = coin_hash(&coin.key.public_key(), ages);
            let rsa_blinded_planchet = key.blind(&message, &coin.blinding).unwrap();
            Candidate { coin, message, envelope: CoinEnvelope::Rsa { rsa_blinded_planchet } }
        }
        DenominationKey::Cs(key) => {
            let values = values(circle, place);
            let coin = shared.cs_coin(at, &values);
            let message = coin_hash(&coin.key.public_key(), ages);
            let nonce = cs_nonce(&secret, at);
            let blinded = key.blind(&message, &coin.blinding, &values, nonce).unwrap();
            Candidate { coin, message, envelope: CoinEnvelope::Cs(blinded) }
        }
    }
}

fn unblinded(
    circle: &Value,
    place: usize,
    coin: &FreshCoin,
    signed: &EnvelopeSignature,
) -> CoinSignature {
    match (denomination(&circle["new_denominations"][place]), signed) {
        (DenominationKey::Rsa(key), EnvelopeSignature::Rsa { blinded_rsa_signature }) => {
            let rsa_signature = key.unblind(blinded_rsa_signature, &coin.blinding).unwrap();
            CoinSignature::Rsa { rsa_signature }
        }
        (DenominationKey::Cs(key), EnvelopeSignature::Cs(signed)) => {
            CoinSignature::Cs(key.unblind(signed, &coin.blinding, &values(circle, place)).unwrap())
        }
        _ => panic!("another cipher"),
    }
}

#[test]
fn every_value_of_a_real_exchange_comes_out() {
    let file: Value = serde_json::from_str(CIRCLES).unwrap();
    let circles = file["cases"].as_object().unwrap();
    assert_eq!(circles.len(), 5);
    for (name, circle) in circles {
        let old = &circle["old_coin"];
        let coin = key(&old["coin_priv"]);
        let coin_pub = coin.public_key();
        assert_eq!(hex(&old["coin_pub"]), coin_pub.as_ref(), "{name}");
        let secret: RefreshSecret = bytes(&circle["rms"]).into();
        let h_denoms: Vec<HashCode> = list(&circle["new_denominations"])
            .iter()
            .map(|one| {
                let mask = AgeMask::new(u32::try_from(one["age_mask"].as_u64().unwrap()).unwrap());
                let hash = denomination(one).hash(mask);
                assert_eq!(hex(&one["h_denom"]), hash.as_ref(), "{name}");
                hash
            })
            .collect();
        let commitment = optional(&old["age_commitment"], |keys| {
            AgeCommitment::new(list(keys).iter().map(|key| PublicKey::new(bytes(key))).collect())
        });
        let keys = transfer_keys(&coin, &secret);
        let mut envelopes = Vec::new();
        for (row, transfer) in list(&circle["rows"]).iter().zip(&keys) {
            assert_eq!(hex(&row["transfer_priv"]), transfer.as_bytes(), "{name}");
            assert_eq!(hex(&row["transfer_pub"]), transfer.public_key().as_ref(), "{name}");
            let shared = transfer.shared(&coin_pub).unwrap();
            assert_eq!(hex(&row["shared_secret"]), shared.as_bytes(), "{name}");
            let linked = SharedSecret::of_coin(&coin, &transfer.public_key());
            assert_eq!(linked.as_bytes(), shared.as_bytes(), "{name}");
            let ages = commitment.as_ref().map(|old| {
                let derived = old.derive(&shared).unwrap();
                for (step, new) in list(&row["age_derivation"]).iter().zip(derived.keys()) {
                    assert_eq!(hex(&step["new_pub"]), new.as_ref(), "{name}");
                }
                derived.hash()
            });
            let mut column = Vec::new();
            for (place, expected) in list(&row["coins"]).iter().enumerate() {
                let seed = shared.coin_seed(u32::try_from(place).unwrap());
                assert_eq!(hex(&expected["coin_seed"]), *seed, "{name}");
                let made = candidate(circle, &shared, place, ages.as_ref());
                assert_eq!(hex(&expected["coin_priv"]), made.coin.key.seed(), "{name}");
                assert_eq!(hex(&expected["bks"]), made.coin.blinding.as_bytes(), "{name}");
                assert_eq!(hex(&expected["coin_pub_hash"]), made.message.as_ref(), "{name}");
                let inside = made.envelope.to_bytes();
                assert_eq!(hex(&expected["blinded_planchet"]), inside[4..], "{name}");
                let h_coin_ev = made.envelope.hash(&h_denoms[place]);
                assert_eq!(hex(&expected["h_coin_ev"]), h_coin_ev.as_ref(), "{name}");
                column.push(made.envelope);
            }
            envelopes.push(column);
        }
        let value_with_fee = amount(&circle["value_with_fee"]);
        let rc = Commitment {
            secret: circle["rms_in_rc"].as_bool().unwrap().then_some(&secret),
            transfer_pubs: &keys.each_ref().map(TransferKey::public_key),
            h_denoms: &h_denoms,
            coin: &coin_pub,
            value_with_fee: &value_with_fee,
            candidates: [&envelopes[0], &envelopes[1], &envelopes[2]],
        }
        .hash();
        assert_eq!(hex(&circle["rc"]), rc.as_ref(), "{name}");

        let melt = CoinMelt {
            commitment: rc,
            h_denom: bytes(&old["h_denom"]).into(),
            h_age_commitment: optional(&old["age_commitment_hash"], |hash| bytes(hash).into()),
            value_with_fee,
            fee_refresh: amount(&old["fee_refresh"]),
        };
        assert_eq!(hex(&circle["confirm_sig_input"]), whole(&melt), "{name}");
        assert_eq!(read::<Signature>(&circle["confirm_sig"]), melt.sign(&coin), "{name}");
        let answer = &circle["melt_answer"];
        let hidden = usize::try_from(answer["noreveal_index"].as_u64().unwrap()).unwrap();
        let confirmation =
            MeltConfirmation { commitment: rc, noreveal_index: u32::try_from(hidden).unwrap() };
        assert_eq!(hex(&circle["melt_confirmation_input"]), whole(&confirmation), "{name}");
        let signer: PublicKey = read(&answer["exchange_pub"]);
        assert!(confirmation.verify(&signer, &read(&answer["exchange_sig"])), "{name}");

        let shared = keys[hidden].shared(&coin_pub).unwrap();
        let ages = commitment.as_ref().map(|old| old.derive(&shared).unwrap());
        for (place, new) in list(&circle["new_coins"]).iter().enumerate() {
            let link = CoinLink {
                h_denom: h_denoms[place],
                transfer_pub: keys[hidden].public_key(),
                h_coin_ev: envelopes[hidden][place].hash(&h_denoms[place]),
            };
            assert_eq!(hex(&circle["link_sig_inputs"][place]), whole(&link), "{name}");
            let signature: Signature = read(&circle["link_sigs"][place]);
            assert_eq!(signature, link.sign(&coin), "{name}");
            let hash = ages.as_ref().map(AgeCommitment::hash);
            let made = candidate(circle, &shared, place, hash.as_ref());
            assert_eq!(hex(&new["priv"]), made.coin.key.seed(), "{name}");
            assert_eq!(read::<PublicKey>(&new["pub"]), made.coin.key.public_key(), "{name}");
            let ub_sig: CoinSignature = read(&new["ub_sig"]);
            let signed_by = denomination(&circle["new_denominations"][place]);
            assert!(signed_by.verify(&made.message, &ub_sig), "{name} {place}");
        }
    }
}

#[test]
fn keys_of_ages_grow_with_their_commitments_and_sign_as_gnunet_does() {
    let file: Value = serde_json::from_str(CIRCLES).unwrap();
    let mut tried = 0;
    for circle in file["cases"].as_object().unwrap().values() {
        let attestation = &circle["attestation_of_new_coin"];
        let hidden = usize::try_from(circle["noreveal_index"].as_u64().unwrap()).unwrap();
        for (k, row) in list(&circle["rows"]).iter().enumerate() {
            let Some(steps) = row["age_derivation"].as_array() else { continue };
            let shared = TransferKey::new(bytes(&row["transfer_priv"]))
                .shared(&PublicKey::new(bytes(&circle["old_coin"]["coin_pub"])))
                .unwrap();
            for (at, step) in steps.iter().enumerate() {
                // Of groups beyond the owner's age the keys are not there.
                if step["old_a"].is_null() {
                    continue;
                }
                let old = AgeKey::from_parts(bytes(&step["old_a"]), bytes(&step["old_b"]));
                assert_eq!(hex(&step["old_pub"]), old.public_key().as_ref());
                let new = old.derive(&shared);
                assert_eq!(hex(&step["new_pub"]), new.public_key().as_ref());
                let group = usize::try_from(attestation["group"].as_u64().unwrap()).unwrap();
                if k == hidden && at + 1 == group {
                    let mask = circle["old_coin"]["age_mask"].as_u64().unwrap();
                    let statement = AgeAttestation {
                        age_mask: u32::try_from(mask).unwrap(),
                        age: u32::try_from(attestation["age"].as_u64().unwrap()).unwrap(),
                    };
                    assert_eq!(hex(&attestation["public_key"]), new.public_key().as_ref());
                    assert_eq!(hex(&attestation["message"]), whole(&statement));
                    let signature = new.sign(&statement);
                    assert!(statement.verify(&new.public_key(), &signature));
                    assert_eq!(hex(&attestation["signature"]), signature.as_bytes());
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 2);
}

#[test]
fn a_history_is_asked_for_as_a_real_exchange_accepts_it() {
    let file: Value = serde_json::from_str(CIRCLES).unwrap();
    for asked in list(&file["coin_history"]) {
        let statement = CoinHistory { start: asked["start"].as_u64().unwrap() };
        let coin: PublicKey = read(&asked["coin_pub"]);
        assert!(statement.verify(&coin, &read(&asked["signature"])));
    }
    assert_eq!(list(&file["coin_history"]).len(), 2);
}

#[test]
fn every_value_of_protocol_32_comes_out() {
    let file: Value = serde_json::from_str(SEEDED).unwrap();
    let coin = key(&file["coin_priv"]);
    let coin_pub = coin.public_key();
    assert_eq!(hex(&file["coin_pub"]), coin_pub.as_ref());
    let seed: RefreshSeed = bytes(&file["refresh_seed"]).into();
    let seeds = BatchSeed::of_coin(&coin, &seed);
    let denominations = list(&file["denominations"]);
    let mut candidates = Vec::new();
    for (row, seed) in list(&file["rows"]).iter().zip(&seeds) {
        assert_eq!(hex(&row["batch_seed"]), HashCode::from(seed.clone()).as_ref());
        let keys = seed.transfer_keys(denominations.len()).unwrap();
        let mut h_coin_evs = Vec::new();
        for (place, expected) in list(&row["coins"]).iter().enumerate() {
            assert_eq!(hex(&expected["transfer_priv"]), keys[place].as_bytes());
            let transfer_pub = keys[place].public_key();
            assert_eq!(hex(&expected["transfer_pub"]), transfer_pub.as_ref());
            let shared = keys[place].shared(&coin_pub).unwrap();
            assert_eq!(hex(&expected["shared_secret"]), shared.as_bytes());
            assert_eq!(SharedSecret::of_coin(&coin, &transfer_pub).as_bytes(), shared.as_bytes());
            let fresh = shared.rsa_coin(u32::try_from(place).unwrap());
            assert_eq!(hex(&expected["coin_priv"]), fresh.key.seed());
            assert_eq!(hex(&expected["bks"]), fresh.blinding.as_bytes());
            let key: RsaPublicKey = read(&denominations[place]["rsa_pub"]);
            let h_denom = DenominationKey::Rsa(key.clone()).hash(AgeMask::NONE);
            assert_eq!(hex(&denominations[place]["h_denom"]), h_denom.as_ref());
            let message = coin_hash(&fresh.key.public_key(), None);
            let rsa_blinded_planchet = key.blind(&message, &fresh.blinding).unwrap();
            assert_eq!(hex(&expected["blinded_planchet"]), rsa_blinded_planchet.as_bytes());
            let h_coin_ev = CoinEnvelope::Rsa { rsa_blinded_planchet }.hash(&h_denom);
            assert_eq!(hex(&expected["h_coin_ev"]), h_coin_ev.as_ref());
            h_coin_evs.push(h_coin_ev);
        }
        let hash = planchets_hash(&h_coin_evs);
        assert_eq!(hex(&row["h_planchets"]), hash.as_ref());
        candidates.push(hash);
    }
    let value_with_fee = amount(&file["value_with_fee"]);
    let commitment = SeededCommitment {
        seed: &seed,
        coin: &coin_pub,
        value_with_fee: &value_with_fee,
        candidates: &candidates.try_into().unwrap(),
    }
    .hash();
    assert_eq!(hex(&file["rc"]), commitment.as_ref());
    let melt = CoinMelt {
        commitment,
        h_denom: bytes(&file["h_denom"]).into(),
        h_age_commitment: None,
        value_with_fee,
        fee_refresh: amount(&file["fee_refresh"]),
    };
    assert_eq!(hex(&file["confirm_sig_input"]), whole(&melt));
    assert_eq!(hex(&file["confirm_sig"]), melt.sign(&coin).as_bytes());

    let withdraw = &file["withdraw"];
    let h_coin_evs: Vec<HashCode> =
        list(&withdraw["h_coin_evs"]).iter().map(|hash| bytes(hash).into()).collect();
    let statement = BatchWithdraw {
        value: amount(&withdraw["value"]),
        fee: amount(&withdraw["fee"]),
        h_coin_evs: &h_coin_evs,
    };
    assert_eq!(hex(&withdraw["sig_input"]), whole(&statement));
    let reserve = key(&withdraw["reserve_priv"]);
    assert_eq!(hex(&withdraw["reserve_sig"]), statement.sign(&reserve).as_bytes());
}

#[test]
fn a_blind_schnorr_signature_holds_for_its_coin_only() {
    let file: Value = serde_json::from_str(CIRCLES).unwrap();
    let circle = &file["cases"]["cs"];
    // The blinding is the real one; the exchange of it is ours, as we do not have the real one's key.
    let exchange = crate::coin::cs::CsPrivateKey::from_seed(&[7; 32]);
    let public = exchange.public_key();
    let secret: RefreshSecret = bytes(&circle["rms"]).into();
    let mut signed_challenges = [0, 0];
    for place in 0..16 {
        let nonce = cs_nonce(&secret, place);
        let values = exchange.withdraw_values(&nonce);
        assert_eq!(values, exchange.withdraw_values(&nonce));
        let coin = TransferKey::new([9; 32])
            .shared(&SigningKey::from_seed([8; 32]).public_key())
            .unwrap()
            .cs_coin(place, &values);
        let message = coin_hash(&coin.key.public_key(), None);
        let blinded = public.blind(&message, &coin.blinding, &values, nonce).unwrap();
        let signed = exchange.sign_blind(&blinded).unwrap();
        signed_challenges[usize::from(signed.b)] += 1;
        let signature = public.unblind(&signed, &coin.blinding, &values).unwrap();
        assert!(public.verify(&message, &signature));
        assert!(!public.verify(&hash::sha512(b"another coin"), &signature));
        let other = CsBlindSignature { b: 1 ^ signed.b, ..signed };
        let wrong = public.unblind(&other, &coin.blinding, &values).unwrap();
        assert!(!public.verify(&message, &wrong));
        let none = CsBlindSignature { b: 2, ..signed };
        assert_eq!(public.unblind(&none, &coin.blinding, &values), None);
    }
    assert!(signed_challenges.iter().all(|&count| count > 0), "{signed_challenges:?}");
}

#[test]
fn signatures_of_a_real_exchange_unblind_to_coins() {
    let file: Value = serde_json::from_str(CIRCLES).unwrap();
    // As the answer to the reveal had them: the first coin of each circle.
    let circle = &file["cases"]["cs"];
    let old = &circle["old_coin"];
    let (coin, secret) = (key(&old["coin_priv"]), bytes(&circle["rms"]).into());
    let hidden = usize::try_from(circle["noreveal_index"].as_u64().unwrap()).unwrap();
    let shared = transfer_keys(&coin, &secret)[hidden].shared(&coin.public_key()).unwrap();
    let signed: EnvelopeSignature = serde_json::from_str(
        r#"{"cipher":"CS","b":0,"s":"8631CZPRTA35ZH0XP7BVKKHFR2BXN9Y3F6D76MKX9297RJ3QGW00"}"#,
    )
    .unwrap();
    let made = candidate(circle, &shared, 0, None);
    let ub_sig = unblinded(circle, 0, &made.coin, &signed);
    assert_eq!(ub_sig, read(&circle["new_coins"][0]["ub_sig"]));
}

#[test]
fn no_key_panics_and_no_list_is_too_long() {
    let key = TransferKey::new([7; 32]);
    let mut bad = 0;
    for byte in 0..=255_u8 {
        if key.shared(&PublicKey::new([byte; 32])).is_none() {
            bad += 1;
        }
    }
    assert!(bad > 50, "{bad}");
    let seed = BatchSeed::from(HashCode::ZERO);
    assert_eq!(seed.transfer_keys(MAX_NEW_COINS).unwrap().len(), MAX_NEW_COINS);
    assert!(seed.transfer_keys(MAX_NEW_COINS + 1).is_none());
    assert_eq!(format!("{key:?} {seed:?}"), "TransferKey(***) BatchSeed(***)");
}
