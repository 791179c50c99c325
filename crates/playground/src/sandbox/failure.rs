//! The sandbox's table of errors: failure → status, Taler code, hint.
//!
//! Codes are the registry's. Some failures come with more members, which merchants and wallets
//! read: the coin that caused it, or the exchange's signed statement that it does not know a denomination
//! (crypto 8.10, 14.2).

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde_json::{Map, Value, json};

use net::failure::Row;
use system::NoRandomness;
use system::log_limit;
use taler::amount::Amount;
use taler::base32::{HashCode, ShortHash};
use taler::coin::age::AgeMask;
use taler::coin::denomination::CoinSignature;
use taler::coin::rsa::RsaPublicKey;
use taler::sign::{PublicKey, Signature};
use taler::time::Timestamp;

use Failure::*;

/// Why a request cannot be served.
#[derive(Debug)]
pub(super) enum Failure {
    /// The body is no JSON.
    Json,
    /// A member of the body is missing or cannot be read; which.
    Field(String),
    /// A parameter that must be there is not; which.
    Missing(&'static str),
    /// A member or parameter does not fit; which, or a sentence about it.
    Malformed(String),
    /// The amount is of another currency.
    Currency,
    /// The exchange does not pay to such accounts.
    WireMethod,
    /// A segment of the path cannot be read; the code that its endpoint has for it.
    Segment(u32),
    /// There is no such path.
    Path,
    /// The path is there, but not for this method.
    Method,
    /// The body is longer than allowed.
    BodyTooLong,
    /// The body did not come in time.
    BodyTooSlow,
    /// The connection broke while the body came.
    BodyBroken,
    /// The body says that it is compressed, and is not.
    Compression,
    /// The denominations are still being made.
    NoKeys,
    /// No such denomination.
    DenominationUnknown(Box<Evidence>),
    /// The denomination is not valid any more.
    DenominationExpired(Box<Evidence>),
    /// The denomination is not valid yet.
    DenominationNotYet(Box<Evidence>),
    /// The denomination was revoked.
    DenominationRevoked(Box<Evidence>),
    /// No such reserve.
    ReserveUnknown,
    /// The reserve has less than is to be withdrawn; what it has.
    ReserveTooSmall(Amount),
    /// The reserve's owner did not sign this withdrawal.
    ReserveSignature,
    /// Another reserve has withdrawn this planchet.
    PlanchetTaken,
    /// The denomination did not sign this coin.
    DenominationSignature,
    /// The coin's owner did not sign this deposit.
    CoinSignature(PublicKey),
    /// The coin would pay more than it was ever worth.
    AboveValue,
    /// The coin would pay less than the deposit costs.
    BelowFee,
    /// The coin has less left than it would pay: it was spent before.
    InsufficientFunds(PublicKey, HashCode),
    /// The coin has been seen under another denomination.
    OtherDenomination(Box<EarlierCoin>),
    /// The coin has been seen with another age commitment.
    OtherAge(Box<AgeConflict>),
    /// Coins have paid for this contract already, with another account or time; the account's hash.
    OtherDetails(Box<HashCode>),
    /// Deposits with policies are not taken.
    Policy,
    /// The merchant would be paid before the last refund.
    RefundAfterWire,
    /// The merchant would never be paid.
    WireNever,
    /// The coin did not pay for this contract.
    RefundDepositUnknown,
    /// More would be refunded than was deposited.
    RefundTooMuch(PublicKey, HashCode),
    /// The merchant has its money already.
    RefundTooLate,
    /// The refund costs more than it gives back.
    RefundBelowFee,
    /// The merchant did not sign this refund.
    RefundSignature,
    /// The merchant has used this number for another amount.
    RefundOtherAmount(PublicKey, HashCode),
    /// The deposit has too many refunds.
    RefundTooMany,
    /// The merchant did not ask for this deposit.
    TrackSignature,
    /// No such deposit.
    DepositUnknown,
    /// No such transfer.
    TransferUnknown,
    /// The coin has never been spent.
    CoinUnknown,
    /// The coin's owner did not ask for its history.
    HistorySignature,
    /// Less would be melted than melting costs.
    MeltBelowFee,
    /// The coin's owner did not sign this melt.
    MeltSignature,
    /// There is no melt with this commitment.
    MeltUnknown,
    /// There are no or too many new coins.
    NewCoins,
    /// Not all transfer keys but one are revealed.
    TransferKeys,
    /// The lists of a reveal differ in length.
    RevealSizes,
    /// The commitment that a reveal leads to, which is not that of the melt.
    RevealMismatch(Box<HashCode>),
    /// The new coins cost more than was melted.
    RevealCost,
    /// The old coin's owner did not sign for a new coin.
    LinkSignature,
    /// The age commitment is not that of the old coin, or missing.
    AgeCommitment,
    /// No coins come of this coin.
    LinkUnknown,
    /// The protocol has that, and the sandbox does not; what it is.
    NotServed(&'static str),
    /// Only clients on this machine may do that.
    NotLocal,
    /// The account's owner must identify first.
    Kyc(Box<Identification>),
    /// No transfer from this very account has named the merchant's key; hash of the account,
    /// normalised.
    KycAuth(ShortHash),
    /// No deposit named this account yet.
    KycAccountUnknown,
    /// There is no key to check the question about an account with.
    KycKeyUnknown,
    /// The question about an account is not signed by this key, which is the account's.
    KycSignature(PublicKey),
    /// The account is frozen.
    Frozen,
    /// Told to fail so.
    Told(u16),
    /// Told to answer what is no JSON.
    Gibberish,
    /// Told to do it, and to lose the answer.
    Lost,
    /// The file cannot be read or written.
    Database(rusqlite::Error),
    /// The machine has no randomness.
    Randomness,
    /// Something that cannot happen did.
    Bug(&'static str),
}

/// The exchange's word that a denomination is none of its own, or not valid now (crypto 8.10).
#[derive(Debug)]
pub(super) struct Evidence {
    /// The denomination.
    pub(super) h_denom: HashCode,
    /// When that was so.
    pub(super) timestamp: Timestamp,
    /// What was tried, if the statement covers it.
    pub(super) operation: Option<&'static str>,
    /// Who says so.
    pub(super) exchange_pub: PublicKey,
    /// The signature.
    pub(super) exchange_sig: Signature,
}

/// Who must identify themselves.
#[derive(Debug)]
pub(super) struct Identification {
    /// Hash of the account, normalised.
    pub(super) h_payto: ShortHash,
    /// The key that the account's owner is known by, if there is one.
    pub(super) account_pub: Option<PublicKey>,
}

/// How old a coin's owner may be, according to an earlier deposit.
#[derive(Debug)]
pub(super) struct AgeConflict {
    /// The coin.
    pub(super) coin: PublicKey,
    /// Hash of the coin's denomination.
    pub(super) h_denom: HashCode,
    /// The commitment that it was seen with.
    pub(super) expected: ShortHash,
}

/// How a coin was seen before: the proof that its key is used for two coins.
#[derive(Debug)]
pub(super) struct EarlierCoin {
    /// The coin.
    pub(super) coin: PublicKey,
    /// The age groups of its denomination.
    pub(super) ages: AgeMask,
    /// The key of its denomination.
    pub(super) key: RsaPublicKey,
    /// What made it a coin.
    pub(super) ub_sig: CoinSignature,
}

impl Failure {
    /// Status, Taler code, hint.
    #[rustfmt::skip]
    fn row(&self) -> Row {
        let (status, code, hint) = match self {
            Json                     => (400,   22, "the body is no JSON"),
            Field(_)                 => (400,   22, "a member is missing or cannot be read"),
            Missing(_)               => (400,   25, "a parameter is missing"),
            Malformed(_)             => (400,   26, "a member is malformed"),
            Currency                 => (400,   30, "the sandbox deals in another currency"),
            WireMethod               => (400, 1210, "the sandbox does not pay to such accounts"),
            Segment(code)            => (400, *code, "a segment of the path is malformed"),
            Path                     => (404,   21, "there is no such path"),
            Method                   => (405,   20, "the path is not for this method"),
            BodyTooLong              => (413,   32, "the body is too long"),
            BodyTooSlow              => (408,   11, "the body did not come in time"),
            BodyBroken               => (400,   22, "the body did not come whole"),
            Compression              => (400,   28, "the body cannot be inflated"),
            NoKeys                   => (503, 1007, "denominations are still being made"),
            DenominationUnknown(_)   => (404, 1005, "there is no such denomination"),
            DenominationExpired(_)   => (410, 1009, "the denomination is not valid any more"),
            DenominationNotYet(_)    => (410, 1008, "the denomination is not valid yet"),
            DenominationRevoked(_)   => (410, 1010, "the denomination was revoked"),
            ReserveUnknown           => (404, 1027, "there is no such reserve"),
            ReserveTooSmall(_)       => (409, 1150, "the reserve has too little left"),
            ReserveSignature         => (403, 1154, "the reserve did not sign this withdrawal"),
            PlanchetTaken            => (409,   26, "another reserve has withdrawn this planchet"),
            DenominationSignature    => (403, 1006, "the denomination did not sign this coin"),
            CoinSignature(_)         => (403, 1205, "the coin did not sign this deposit"),
            AboveValue               => (400, 1021, "the coin would pay more than it is worth"),
            BelowFee                 => (400, 1207, "the coin would pay less than the deposit costs"),
            InsufficientFunds(..)    => (409, 1012, "the coin has too little left"),
            OtherDenomination(_)     => (409, 1003, "the coin was seen under another denomination"),
            OtherAge(_)              => (409, 1015, "the coin was seen with another age commitment"),
            OtherDetails(_)          => (409, 1206, "the coin paid for this contract with other details"),
            Policy                   => (400, 1107, "deposits with policies are not taken"),
            RefundAfterWire          => (400, 1208, "the wire deadline lies before the refund deadline"),
            WireNever                => (400, 1209, "the wire deadline never comes"),
            RefundDepositUnknown     => (404, 1502, "the coin did not pay for this contract"),
            RefundTooMuch(..)        => (409, 1501, "more would be refunded than was deposited"),
            RefundTooLate            => (410, 1503, "the merchant has been paid already"),
            RefundBelowFee           => (500,   53, "the refund is less than its fee"),
            RefundSignature          => (403, 1506, "the merchant did not sign this refund"),
            RefundOtherAmount(..)    => (424, 1510, "the refund's number was used for another amount"),
            RefundTooMany            => (413,   32, "the deposit has too many refunds"),
            TrackSignature           => (403, 1106, "the merchant did not ask this"),
            DepositUnknown           => (404, 1100, "there is no such deposit"),
            TransferUnknown          => (404, 1451, "there is no such transfer"),
            CoinUnknown              => (404, 1019, "the coin has never been spent"),
            HistorySignature         => (403, 1251, "the coin did not ask for its history"),
            MeltBelowFee             => (400, 1302, "less would be melted than melting costs"),
            MeltSignature            => (403, 1303, "the coin did not sign this melt"),
            MeltUnknown              => (404, 1355, "there is no melt with this commitment"),
            NewCoins                 => (400, 1018, "there must be 1 to 64 new coins"),
            TransferKeys             => (400, 1356, "all candidates but one must be revealed"),
            RevealSizes              => (400, 1358, "the lists of the reveal differ in length"),
            RevealMismatch(_)        => (409, 1353, "what is revealed is not what was committed to"),
            RevealCost               => (400, 1360, "the new coins cost more than was melted"),
            LinkSignature            => (403, 1361, "the old coin did not sign for a new coin"),
            AgeCommitment            => (400, 1365, "the age commitment is not that of the old coin"),
            LinkUnknown              => (404, 1400, "no coins come of this coin"),
            NotServed(_)             => (501,   76, "the sandbox does not offer that"),
            NotLocal                 => (403,   16, "only somebody on this machine may do that"),
            Kyc(_)                   => (451, 1028, "the owner of the account must identify first"),
            KycAuth(_)               => (451, 1028, "no transfer from the account has named the key"),
            KycAccountUnknown        => (404, 1939, "the account is unknown"),
            KycKeyUnknown            => (409, 1940, "no transfer from the account has named a key"),
            KycSignature(_)          => (403, 1930, "the owner of the account did not ask this"),
            Frozen                   => (451, 1036, "the account is frozen"),
            Told(status)             => (*status, 50, "the sandbox was told to fail"),
            Gibberish | Lost         => (500,   50, "the sandbox was told to fail"),
            Database(_)              => (500,   53, "the sandbox's file cannot be read or written"),
            Randomness                 => (500,   56, "the machine has no randomness"),
            Bug(_)                   => (500,   56, "the sandbox has a bug"),
        };
        Row { status, code, hint }
    }

    /// What else the body says.
    fn more(&self) -> Value {
        match self {
            Field(name) => json!({ "field": name, "line": 0 }),
            Malformed(what) => json!({ "detail": what }),
            Missing(what) | NotServed(what) | Bug(what) => json!({ "detail": what }),
            RevealMismatch(expected) => json!({ "rc_expected": expected }),
            RefundBelowFee => json!({ "detail": "do refund" }),
            DenominationUnknown(evidence)
            | DenominationExpired(evidence)
            | DenominationNotYet(evidence)
            | DenominationRevoked(evidence) => json!({
                "h_denom_pub": evidence.h_denom,
                "timestamp": evidence.timestamp,
                "oper": evidence.operation,
                "exchange_pub": evidence.exchange_pub,
                "exchange_sig": evidence.exchange_sig,
            }),
            ReserveTooSmall(balance) => json!({ "balance": balance }),
            // Its first letters are all that is told of the coin.
            CoinSignature(coin) => {
                json!({ "detail": coin.to_string().chars().take(8).collect::<String>() })
            }
            OtherDetails(h_wire) => json!({ "h_wire": h_wire }),
            InsufficientFunds(coin, h_denom)
            | RefundTooMuch(coin, h_denom)
            | RefundOtherAmount(coin, h_denom) => {
                json!({ "coin_pub": coin, "h_denom_pub": h_denom })
            }
            OtherDenomination(earlier) => json!({
                "coin_pub": earlier.coin,
                "prev_denom_pub": {
                    "cipher": "RSA",
                    "age_mask": earlier.ages,
                    "rsa_public_key": earlier.key,
                },
                "prev_denom_sig": earlier.ub_sig,
            }),
            OtherAge(conflict) => json!({
                "coin_pub": conflict.coin,
                "h_denom_pub": conflict.h_denom,
                "expected_age_commitment_hash": conflict.expected,
                "conflict_detail": "the coin was seen with another age commitment",
            }),
            Kyc(of) => json!({
                "h_payto": of.h_payto,
                "account_pub": of.account_pub,
                "requirement_row": 1,
            }),
            KycAuth(h_payto) => {
                json!({ "h_payto": h_payto, "bad_kyc_auth": true, "requirement_row": 0 })
            }
            KycSignature(key) => json!({ "expected_account_pub": key }),
            Json
            | Currency
            | WireMethod
            | Segment(_)
            | Path
            | Method
            | BodyTooLong
            | BodyTooSlow
            | BodyBroken
            | Compression
            | NoKeys
            | ReserveUnknown
            | ReserveSignature
            | PlanchetTaken
            | DenominationSignature
            | AboveValue
            | BelowFee
            | Policy
            | RefundAfterWire
            | WireNever
            | RefundDepositUnknown
            | RefundTooLate
            | RefundSignature
            | RefundTooMany
            | TrackSignature
            | DepositUnknown
            | TransferUnknown
            | CoinUnknown
            | HistorySignature
            | MeltBelowFee
            | MeltSignature
            | MeltUnknown
            | NewCoins
            | TransferKeys
            | RevealSizes
            | RevealCost
            | LinkSignature
            | AgeCommitment
            | LinkUnknown
            | NotLocal
            | KycAccountUnknown
            | KycKeyUnknown
            | Frozen
            | Told(_)
            | Gibberish
            | Lost
            | Database(_)
            | Randomness => Value::Null,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Row { status, code, hint } = self.row();
        write!(f, "{status}/{code}: {hint}")?;
        if let Database(error) = self { write!(f, " ({error})") } else { Ok(()) }
    }
}

impl std::error::Error for Failure {}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Database(error)
    }
}

impl From<NoRandomness> for Failure {
    fn from(NoRandomness: NoRandomness) -> Self {
        Randomness
    }
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.row().status_code()
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        match self {
            Gibberish => {
                return HttpResponse::Ok().content_type("text/html").body("<h1>Welcome</h1>");
            }
            // The body fails before the head is sent, so the connection just ends.
            Lost => {
                let broken = futures_util::stream::once(async { Err::<_, Failure>(Lost) });
                return answer.streaming::<_, Failure>(broken);
            }
            Database(_) | Randomness | Bug(_) => {
                log_limit::error("failures of the sandbox", format_args!("sandbox: {self}"));
            }
            _ => log::debug!("sandbox: {self}"),
        }
        let Row { code, hint, .. } = self.row();
        let mut body = Map::from_iter([("code".into(), code.into()), ("hint".into(), hint.into())]);
        if let Value::Object(more) = self.more() {
            body.extend(more.into_iter().filter(|(_, value)| !value.is_null()));
        }
        answer.json(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_statuses_of_the_list() {
        let list = include_str!("../../../../tests/vectors/error-codes.tsv");
        let status = |code: u32| {
            let code = code.to_string();
            let row = list.lines().find(|line| line.split('\t').next() == Some(&code))?;
            row.split('\t').nth(2)?.parse::<u16>().ok()
        };
        let coin = PublicKey::new([0; 32]);
        for failure in [
            Json,
            Field(String::new()),
            Missing(""),
            Malformed(String::new()),
            Currency,
            WireMethod,
            Path,
            Method,
            BodyTooLong,
            Compression,
            NoKeys,
            DenominationSignature,
            CoinSignature(coin),
            AboveValue,
            BelowFee,
            InsufficientFunds(coin, HashCode::ZERO),
            OtherDetails(Box::new(HashCode::ZERO)),
            Policy,
            RefundAfterWire,
            WireNever,
            RefundDepositUnknown,
            RefundTooMuch(coin, HashCode::ZERO),
            RefundTooLate,
            RefundBelowFee,
            RefundSignature,
            RefundOtherAmount(coin, HashCode::ZERO),
            TrackSignature,
            DepositUnknown,
            TransferUnknown,
            CoinUnknown,
            NotServed(""),
            Segment(27),
            Segment(29),
            Segment(1101),
            Segment(1102),
            Segment(1103),
            Segment(1104),
            Segment(1450),
            Kyc(Box::new(Identification { h_payto: ShortHash::ZERO, account_pub: None })),
            KycAuth(ShortHash::ZERO),
            KycAccountUnknown,
            KycKeyUnknown,
            KycSignature(coin),
            Frozen,
        ] {
            let Row { status: expected, code, .. } = failure.row();
            assert_eq!(status(code), Some(expected), "{failure}");
        }
    }
}
