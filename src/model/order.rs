//! An order: its states, their transitions, and the topics that these concern.
//!
//! ```text
//! unclaimed ── claim ──▶ claimed ── pay ──▶ paid ── refund ──▶ refunded, partly or wholly
//! ```
//!
//! An order is made with all its terms; a wallet's claim puts its nonce into them and fixes their
//! hash. Paid is final; the session that the payment counts for is not, it follows the customer
//! (merchant-api 2.1 and 4.2, decisions 9 to 12).

use subtle::ConstantTimeEq;

use super::instance::InstanceSerial;
use super::otp_device::OtpDeviceSerial;
use taler::amount::Amount;
use taler::base32::{Bytes, HashCode};
use taler::ids::{OrderId, SessionId};
use taler::sign::PublicKey;
use taler::text::bad_text;
use taler::time::Timestamp;
use taler::web::{BaseUrl, FulfillmentUrl, query_value};

/// The claim token: proves that a client was given the order's address.
pub type ClaimToken = Bytes<16>;

/// Names one order inside the store; also its place in the shop's list.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OrderSerial(pub i64);

/// Names one grant of a refund inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct RefundSerial(pub i64);

/// A purchase of a visitor: one session, one page.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SessionKey {
    /// The shop's name for the visitor.
    pub session: SessionId,
    /// The page, byte for byte.
    pub fulfillment_url: FulfillmentUrl,
}

/// A subject that requests can wait for.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Topic {
    /// One order of an instance.
    Order(InstanceSerial, OrderId),
    /// The purchase of a session at an instance.
    Session(InstanceSerial, SessionKey),
    /// The list of an instance's orders.
    Orders(InstanceSerial),
    /// The KYC state of an instance's accounts.
    Kyc(InstanceSerial),
    /// What webhooks are to be told: for the one task that sends it, no request waits for that.
    Webhooks,
}

/// An order that is about to be kept.
#[derive(Clone, Debug)]
pub struct NewOrder {
    /// The order ID, unique within the instance.
    pub order_id: OrderId,
    /// Hash of what was asked for, by which the same request is known again.
    pub request_hash: HashCode,
    /// Its contract without a nonce, as canonical JSON.
    pub terms: String,
    /// Needed to claim it, if there is one.
    pub claim_token: Option<ClaimToken>,
    /// The contract's time stamp.
    pub timestamp: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub pay_deadline: Timestamp,
    /// Until when refunds can be granted.
    pub refund_deadline: Timestamp,
    /// The price.
    pub amount: Amount,
    /// Summary of the order, one line.
    pub summary: String,
    /// Base URL of the instance's API.
    pub base_url: BaseUrl,
    /// Fulfillment URL.
    pub fulfillment_url: Option<FulfillmentUrl>,
    /// The session that it was made for.
    pub session: Option<SessionId>,
    /// Whether a client without a token created it, from a template.
    pub by_stranger: bool,
    /// The device whose codes the customer gets.
    pub otp_device: Option<OtpDeviceSerial>,
}

impl NewOrder {
    /// Whom it concerns that there is this order now.
    pub fn topics(&self, instance: InstanceSerial) -> Vec<Topic> {
        let key = self.session.clone().zip(self.fulfillment_url.clone());
        let session = key.map(|(session, fulfillment_url)| {
            Topic::Session(instance, SessionKey { session, fulfillment_url })
        });
        let own = [Topic::Order(instance, self.order_id.clone()), Topic::Orders(instance)];
        own.into_iter().chain(session).collect()
    }
}

/// The wallet's hold on an order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claim {
    /// The wallet's own key for this order.
    pub nonce: PublicKey,
    /// The hash of the contract with the nonce in it.
    pub h_contract: HashCode,
}

/// That and for whom an order is paid.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Paid {
    /// When it was granted, to the second.
    pub at: Timestamp,
    /// The session that the payment counts for now.
    pub session: Option<SessionId>,
}

/// Extent of a paid order's refunds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Refunded {
    /// Nothing.
    No,
    /// Some of it.
    Partly,
    /// All of it.
    Wholly,
}

impl From<Refunded> for i64 {
    fn from(refunded: Refunded) -> Self {
        match refunded {
            Refunded::No => 0,
            Refunded::Partly => 1,
            Refunded::Wholly => 2,
        }
    }
}

impl Refunded {
    /// The extent of `granted` relative to `amount`.
    pub fn of(granted: &Amount, amount: &Amount) -> Self {
        if granted.is_zero() {
            Self::No
        } else if granted == amount {
            Self::Wholly
        } else {
            Self::Partly
        }
    }
}

/// An order in its current state, without its terms.
#[derive(Clone, Debug)]
pub struct Order {
    /// Its place in the list.
    pub serial: OrderSerial,
    /// Whose it is.
    pub instance: InstanceSerial,
    /// The order ID, unique within the instance.
    pub order_id: OrderId,
    /// Hash of what was asked for.
    pub request_hash: HashCode,
    /// Needed to claim it, if there is one.
    pub claim_token: Option<ClaimToken>,
    /// The contract's time stamp.
    pub timestamp: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it can be paid.
    pub pay_deadline: Timestamp,
    /// Until when refunds can be granted.
    pub refund_deadline: Timestamp,
    /// The price.
    pub amount: Amount,
    /// Summary of the order, one line.
    pub summary: String,
    /// Base URL of the instance's API.
    pub base_url: BaseUrl,
    /// Fulfillment URL.
    pub fulfillment_url: Option<FulfillmentUrl>,
    /// The session that it was made for.
    pub session: Option<SessionId>,
    /// The wallet that has claimed it.
    pub claim: Option<Claim>,
    /// Its payment; `None`: unpaid.
    pub paid: Option<Paid>,
    /// All refunds granted, together.
    pub refund_granted: Amount,
    /// All refunds that the customer has, together.
    pub refund_taken: Amount,
    /// What of the refunds an exchange has permanently refused, together; `None`: nothing. The shop
    /// gives it back in another way.
    pub refund_refused: Option<Amount>,
    /// Whether its customer gets the codes of a device, which then shows that it is paid.
    pub has_otp_device: bool,
}

impl Order {
    /// Whether it is paid, and for the session if one is named.
    pub fn is_paid_for(&self, session: Option<&SessionId>) -> bool {
        self.paid.as_ref().is_some_and(|paid| session.is_none() || paid.session.as_ref() == session)
    }

    /// Whether a wallet can no longer pay it.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.paid.is_none() && self.pay_deadline <= now
    }

    /// Extent of its refunds.
    pub fn refunded(&self) -> Refunded {
        Refunded::of(&self.refund_granted, &self.amount)
    }

    /// What the customer has of the refunds, or can still collect: all but what an exchange refuses
    /// for good.
    pub fn refund_collectable(&self) -> Amount {
        let rest = self.refund_refused.map(|refused| self.refund_granted.checked_sub(&refused));
        // More is never refused than was granted.
        rest.map_or(self.refund_granted, |rest| rest.unwrap_or(self.refund_taken))
    }

    /// Refunds that the customer can still collect.
    pub fn refund_waiting(&self) -> Amount {
        let collectable = self.refund_collectable();
        collectable.checked_sub(&self.refund_taken).unwrap_or(collectable)
    }

    /// Whether there is a refund that the customer can still collect.
    pub fn is_refund_pending(&self) -> bool {
        self.refund_collectable() != self.refund_taken
    }

    /// Whether a refund could be granted now.
    pub fn is_refundable(&self, now: Timestamp) -> bool {
        self.paid.is_some() && self.refund_deadline > now && self.refunded() != Refunded::Wholly
    }

    /// Whether `token` is the order's claim token; `None` when it has none.
    pub fn token_fits(&self, token: Option<&ClaimToken>) -> Option<bool> {
        let own = self.claim_token.as_ref()?;
        Some(token.is_some_and(|token| own.as_bytes().ct_eq(token.as_bytes()).into()))
    }

    /// Whether `hash` is the hash of the order's contract. Never before the claim.
    pub fn hash_fits(&self, hash: Option<&HashCode>) -> bool {
        match (&self.claim, hash) {
            (Some(claim), Some(hash)) => claim.h_contract.as_bytes().ct_eq(hash.as_bytes()).into(),
            _ => false,
        }
    }

    /// The session meant by a wallet that sent `sent`: wallets that forget to decode the one in
    /// their address are understood (decision 11).
    pub fn meant_session(&self, sent: SessionId) -> SessionId {
        match sent.percent_decoded() {
            Some(decoded) if self.session.as_ref() == Some(&decoded) => decoded,
            _ => sent,
        }
    }

    /// Address of the page with the order's state (merchant-api 2.4). The bare address of an order without
    /// claim token stays as it is, whatever happens to the order (observed-2026 2).
    pub fn status_url(&self, session: Option<&SessionId>) -> String {
        let path = self.base_url.join(&["orders", self.order_id.as_str()]);
        format!("{path}{}", self.status_query(session))
    }

    /// What follows the path in [`Order::status_url`].
    pub fn status_query(&self, session: Option<&SessionId>) -> String {
        let credential = match (&self.claim, &self.claim_token) {
            (_, None) => None,
            (Some(claim), Some(_)) => Some(format!("h_contract={}", claim.h_contract)),
            (None, Some(token)) => Some(format!("token={token}")),
        };
        let session =
            session.map(|session| format!("session_id={}", query_value(session.as_str())));
        let query: Vec<_> = credential.into_iter().chain(session).collect();
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{mark}{}", query.join("&"))
    }

    /// The key of this order's purchase in `session`; `None` without a fulfillment URL.
    pub fn key_in(&self, session: Option<&SessionId>) -> Option<SessionKey> {
        Some(SessionKey {
            session: session?.clone(),
            fulfillment_url: self.fulfillment_url.clone()?,
        })
    }

    /// As [`Order::key_in`], for pages that can be recognised again; a message names nothing.
    pub fn repurchase_key(&self, session: Option<&SessionId>) -> Option<SessionKey> {
        self.key_in(session).filter(|key| key.fulfillment_url.is_web())
    }

    /// Whom any change of this order concerns: who waits for it, for the sessions that it was made
    /// and paid for, and for the list.
    pub fn topics(&self) -> Vec<Topic> {
        let bound = self.paid.as_ref().and_then(|paid| paid.session.as_ref());
        let made_for = self.session.as_ref().filter(|session| bound != Some(*session));
        let keys = [self.key_in(bound), self.key_in(made_for)];
        let sessions = keys.into_iter().flatten().map(|key| Topic::Session(self.instance, key));
        let own =
            [Topic::Order(self.instance, self.order_id.clone()), Topic::Orders(self.instance)];
        own.into_iter().chain(sessions).collect()
    }
}

bad_text! {
    /// This text cannot say how money was paid; the sentence says why.
    BadPayment
}

/// Longest word for how money was paid, in letters.
pub(crate) const MAX_METHOD: usize = 32;
/// Longest mark on a payment, in characters.
pub(crate) const MAX_REFERENCE: usize = 256;

/// Method of a payment outside of Taler: a word such as `cash`, `card` or `bank`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PaymentMethod(String);

impl PaymentMethod {
    /// Takes a word of 1 to 32 letters, digits, `-` and `_`; upper case is put in lower case.
    ///
    /// # Errors
    /// For any other text, and for `taler`, which the counter cannot take.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadPayment> {
        let mut text = text.into();
        text.make_ascii_lowercase();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if !(1..=MAX_METHOD).contains(&text.len()) || !text.bytes().all(plain) {
            return Err(BadPayment("a method is a word of 1 to 32 letters, digits, - and _"));
        }
        if text == "taler" {
            return Err(BadPayment("coins are paid by a wallet"));
        }
        Ok(Self(text))
    }

    /// The word.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

taler::text::text_value!(PaymentMethod, BadPayment);

/// The shop's own mark on a payment, such as a receipt's number.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PaymentReference(String);

impl PaymentReference {
    /// Takes 1 to 256 characters without control characters.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadPayment> {
        let text = text.into();
        if !(1..=MAX_REFERENCE).contains(&text.chars().count()) || text.contains(char::is_control) {
            return Err(BadPayment(
                "a reference has 1 to 256 characters and no control characters",
            ));
        }
        Ok(Self(text))
    }

    /// The mark.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

taler::text::text_value!(PaymentReference, BadPayment);

/// A payment taken outside of Taler (decision 4). Two with the same method and reference are the
/// same payment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CounterPayment {
    /// How.
    pub method: PaymentMethod,
    /// The shop's own mark on it.
    pub reference: Option<PaymentReference>,
}

/// A refund as it was granted.
#[derive(Clone, Debug)]
pub struct Refund {
    /// By how much it raised the total.
    pub amount: Amount,
    /// The shop's reason for the refund; the customer does not see it.
    pub reason: String,
    /// When it was granted.
    pub granted_at: Timestamp,
    /// Its state.
    pub state: RefundState,
}

/// State of a refund.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RefundState {
    /// The customer does not have it yet.
    Pending,
    /// The customer has it.
    Taken,
    /// An exchange has refused it for good, or a part of it.
    Refused(RefundRefusal),
}

/// An exchange will not give back what a shop has granted: it has paid the shop already, for one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RefundRefusal {
    /// How much of the refund.
    pub amount: Amount,
    /// HTTP status of the exchange's answer.
    pub status: u16,
    /// The exchange's code for the reason.
    pub code: Option<u32>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order() -> Order {
        let amount = Amount::parse("KUDOS:5").unwrap();
        Order {
            serial: OrderSerial(1),
            instance: InstanceSerial(1),
            order_id: OrderId::parse("O-1").unwrap(),
            request_hash: HashCode::ZERO,
            claim_token: Some(ClaimToken::new([7; 16])),
            timestamp: Timestamp::from_secs(100).unwrap(),
            created_at: Timestamp::from_secs(100).unwrap(),
            pay_deadline: Timestamp::from_secs(200).unwrap(),
            refund_deadline: Timestamp::from_secs(300).unwrap(),
            amount,
            summary: "x".into(),
            base_url: BaseUrl::parse("https://shop.example/").unwrap(),
            fulfillment_url: Some(FulfillmentUrl::parse("https://shop.example/a").unwrap()),
            session: Some(SessionId::parse("a/b").unwrap()),
            claim: None,
            paid: None,
            refund_granted: Amount::zero(*amount.currency()),
            refund_taken: Amount::zero(*amount.currency()),
            refund_refused: None,
            has_otp_device: false,
        }
    }

    #[test]
    fn what_an_exchange_refuses_is_not_waited_for() {
        let amount = |text: &str| Amount::parse(format!("KUDOS:{text}")).unwrap();
        let mut order = order();
        assert!(!order.is_refund_pending());
        for (granted, taken, refused, collectable, waiting) in [
            ("3", "0", None, "3", "3"),
            ("3", "3", None, "3", "0"),
            ("3", "0", Some("3"), "0", "0"),
            ("3", "1", Some("2"), "1", "0"),
            ("3", "0", Some("2"), "1", "1"),
            ("4", "1", Some("2"), "2", "1"),
        ] {
            order.refund_granted = amount(granted);
            order.refund_taken = amount(taken);
            order.refund_refused = refused.map(amount);
            assert_eq!(order.refund_collectable(), amount(collectable));
            assert_eq!(order.refund_waiting(), amount(waiting));
            assert_eq!(order.is_refund_pending(), waiting != "0");
        }
    }

    fn session(text: &str) -> SessionId {
        SessionId::parse(text).unwrap()
    }

    #[test]
    fn an_unpaid_order_expires_in_the_very_second_of_its_deadline() {
        let at = |secs| Timestamp::from_secs(secs).unwrap();
        let mut order = order();
        assert!(!order.is_expired(at(199)));
        assert!(order.is_expired(at(200)));
        order.paid = Some(Paid { at: at(150), session: None });
        assert!(!order.is_expired(at(201)));
        order.pay_deadline = Timestamp::NEVER;
        order.paid = None;
        assert!(!order.is_expired(at(u64::MAX / 2_000_000)));
    }

    #[test]
    fn a_payment_counts_for_its_session_and_without_one() {
        let mut order = order();
        assert!(!order.is_paid_for(None));
        order.paid = Some(Paid { at: Timestamp::ZERO, session: Some(session("S1")) });
        assert!(order.is_paid_for(None));
        assert!(order.is_paid_for(Some(&session("S1"))));
        assert!(!order.is_paid_for(Some(&session("S2"))));
        order.paid = Some(Paid { at: Timestamp::ZERO, session: None });
        assert!(!order.is_paid_for(Some(&session("S1"))));
    }

    #[test]
    fn a_session_that_a_wallet_forgot_to_decode_is_understood() {
        let order = order();
        assert_eq!(order.meant_session(session("a%2Fb")), session("a/b"));
        assert_eq!(order.meant_session(session("a/b")), session("a/b"));
        assert_eq!(order.meant_session(session("c%2Fb")), session("c%2Fb"));
    }

    #[test]
    fn a_change_concerns_order_list_and_both_sessions() {
        let mut order = order();
        assert_eq!(order.topics().len(), 3);
        order.paid = Some(Paid { at: Timestamp::ZERO, session: Some(session("S2")) });
        assert_eq!(order.topics().len(), 4);
        order.paid = Some(Paid { at: Timestamp::ZERO, session: order.session.clone() });
        assert_eq!(order.topics().len(), 3);
        order.fulfillment_url = None;
        assert_eq!(order.topics().len(), 2);
    }

    #[test]
    fn only_the_right_token_and_hash_fit() {
        let mut order = order();
        assert_eq!(order.token_fits(Some(&ClaimToken::new([7; 16]))), Some(true));
        assert_eq!(order.token_fits(Some(&ClaimToken::new([8; 16]))), Some(false));
        assert_eq!(order.token_fits(None), Some(false));
        order.claim_token = None;
        assert_eq!(order.token_fits(Some(&ClaimToken::new([7; 16]))), None);
        let hash = HashCode::new([1; 64]);
        assert!(!order.hash_fits(Some(&hash)));
        order.claim = Some(Claim { nonce: PublicKey::new([0; 32]), h_contract: hash });
        assert!(order.hash_fits(Some(&hash)));
        assert!(!order.hash_fits(Some(&HashCode::ZERO)));
        assert!(!order.hash_fits(None));
    }

    #[test]
    fn methods_are_words_and_references_are_short() {
        assert_eq!(PaymentMethod::parse("Cash").unwrap().as_str(), "cash");
        for bad in ["", "a b", "taler", "x\0", "ä", &"x".repeat(33)] {
            assert!(PaymentMethod::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", "a\nb", &"x".repeat(257)] {
            assert!(PaymentReference::parse(bad).is_err(), "{bad:?}");
        }
    }
}
