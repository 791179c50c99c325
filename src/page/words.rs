//! THE table of texts, each in English and German. Whoever adds a text adds it in both.
//!
//! `{}` stands for what is put in, from left to right; see [`filled`].

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident: $english:literal, $german:literal;)*) => {
        /// Every text of our pages, in one language.
        #[derive(Debug)]
        #[expect(missing_docs, reason = "a text says itself what it says")]
        pub struct Words {
            $($(#[$doc])* pub $name: &'static str,)*
        }

        /// The texts in English.
        pub static ENGLISH: Words = Words { $($name: $english,)* };
        /// The texts in German.
        pub static GERMAN: Words = Words { $($name: $german,)* };

        #[cfg(test)]
        const PAIRS: &[(&str, &str, &str)] = &[$((stringify!($name), $english, $german),)*];
    };
}

words! {
    // Times.
    never:   "never",   "nie";
    forever: "forever", "für immer";
    second:  "second",  "Sekunde";
    seconds: "seconds", "Sekunden";
    minute:  "minute",  "Minute";
    minutes: "minutes", "Minuten";
    hour:    "hour",    "Stunde";
    hours:   "hours",   "Stunden";
    day:     "day",     "Tag";
    days:    "days",    "Tage";

    // Refusals.
    not_found_title: "There is nothing here", "Hier ist nichts";
    not_found: "Perhaps the link is incomplete, or what it led to is no longer there. Please ask the shop.",
        "Vielleicht ist der Link unvollständig, oder es gibt nicht mehr, wohin er führte. Bitte fragen Sie im Laden.";
    gone_title: "This is over", "Das ist vorbei";
    gone: "What this link led to can no longer be had. Please ask the shop.",
        "Wohin dieser Link führte, das gibt es nicht mehr. Bitte fragen Sie im Laden.";
    refused_title: "That did not work", "Das ging nicht";
    refused: "The till could not make sense of this request. Please go back and try again.",
        "Die Kasse konnte mit dieser Anfrage nichts anfangen. Bitte gehen Sie zurück und versuchen Sie es noch einmal.";
    broken_title: "Something is wrong here", "Hier stimmt etwas nicht";
    broken: "The till cannot answer at the moment. Nothing is lost; please try again in a while.",
        "Die Kasse kann im Augenblick nicht antworten. Nichts ist verloren; bitte versuchen Sie es in einer Weile noch einmal.";

    // Order pages.
    expired_title: "The time to pay is over", "Die Zeit zum Bezahlen ist um";
    expired: "This order can no longer be paid. If you still want it, please order again, or ask the shop.",
        "Diese Bestellung kann nicht mehr bezahlt werden. Wenn Sie sie noch möchten, bestellen Sie bitte neu, oder fragen Sie im Laden.";
    pay_title: "To pay: {}", "Zu bezahlen: {}";
    paid_title: "Paid: {}", "Bezahlt: {}";
    open_wallet: "Pay with the wallet on this device", "Mit der Wallet auf diesem Gerät bezahlen";
    scan: "Or scan this with the wallet on your phone:", "Oder mit der Wallet auf dem Handy scannen:";
    qr_pay: "QR code to pay with", "QR-Code zum Bezahlen";
    qr_refund: "QR code to collect the refund with", "QR-Code zum Abholen der Erstattung";
    waiting: "Waiting for your payment …", "Wir warten auf Ihre Zahlung …";
    time_left: "Time left to pay:", "Zeit zum Bezahlen:";
    claimed: "A wallet has opened this order. Please confirm the payment there.",
        "Eine Wallet hat diese Bestellung geöffnet. Bitte bestätigen Sie die Zahlung dort.";
    paid_elsewhere: "This has been paid for already, but not for this visit. Please open it with the wallet that paid; it costs nothing again.",
        "Das ist schon bezahlt, aber nicht für diesen Besuch. Bitte öffnen Sie es mit der Wallet, die bezahlt hat; es kostet nicht noch einmal.";
    no_wallet: "No wallet yet?", "Noch keine Wallet?";
    get_wallet: "Get a GNU Taler wallet", "Eine Wallet für GNU Taler holen";
    wallet_url: "https://www.taler.net/en/wallet.html", "https://www.taler.net/de/wallet.html";
    wallet_hint: "It is free, holds money like a purse, and pays without telling who you are.",
        "Sie kostet nichts, bewahrt Geld wie ein Portemonnaie und bezahlt, ohne zu sagen, wer Sie sind.";
    paid: "Paid. Thank you!", "Bezahlt. Vielen Dank!";
    receipt: "Receipt", "Beleg";
    order_number: "Order", "Bestellung";
    paid_at: "Paid", "Bezahlt";
    shop: "Shop", "Laden";
    what: "For", "Für";
    amount: "Amount", "Betrag";
    price: "Price", "Preis";
    product: "Product", "Ware";
    quantity: "Quantity", "Menge";
    more_products: "and {} more", "und {} weitere";
    go_on: "Go on to what you have bought", "Weiter zu dem, was Sie gekauft haben";
    refund_title: "{} for you", "{} für Sie";
    refund_waiting: "The shop gives you money back. Your wallet collects it:",
        "Der Laden gibt Ihnen Geld zurück. Ihre Wallet holt es ab:";
    refund_open: "Collect with the wallet on this device", "Mit der Wallet auf diesem Gerät abholen";
    refund_poll: "Waiting for your wallet …", "Wir warten auf Ihre Wallet …";
    refunded: "Refunded", "Erstattet";
    refunded_partly: "{} of it was given back.", "{} davon wurden zurückgegeben.";
    refunded_wholly: "All of it was given back.", "Alles wurde zurückgegeben.";
    refund_uncollected: "Not yet collected", "Noch nicht abgeholt";

    // Template pages.
    order_this: "Order and pay", "Bestellen und bezahlen";
    how_much: "How much?", "Wie viel?";
    currency: "Currency", "Währung";
    what_for: "What for?", "Wofür?";
    tip: "Tip", "Trinkgeld";
    if_you_like: "If you like.", "Wenn Sie möchten.";
    qr_template: "QR code to order and pay with", "QR-Code zum Bestellen und Bezahlen";
    open_template: "Open in the wallet on this device", "In der Wallet auf diesem Gerät öffnen";
    fault_amount: "Please say how much, like this: {}", "Bitte sagen Sie, wie viel, etwa so: {}";
    fault_currency: "This is sold in another currency.", "Das wird in einer anderen Währung verkauft.";
    fault_summary: "Please say what it is for, in a few words.", "Bitte sagen Sie in ein paar Worten, wofür es ist.";
    fault_template: "This was changed by the shop meanwhile. Please look again.",
        "Das hat der Laden inzwischen geändert. Bitte schauen Sie noch einmal.";
    fault_shop: "The shop cannot take this payment at the moment. Please tell it.",
        "Der Laden kann diese Zahlung im Augenblick nicht annehmen. Bitte sagen Sie es ihm.";
    only_from_page: "This is sold on a page on the web. Please go there; it leads your wallet here.",
        "Das wird auf einer Seite im Netz verkauft. Bitte gehen Sie dorthin; sie führt Ihre Wallet hierher.";
    print: "To hang up at the counter:", "Zum Aushängen an der Kasse:";
    sheet_scan: "Scan with your GNU Taler wallet", "Mit Ihrer GNU-Taler-Wallet scannen";
    sheet_you_say: "You say how much", "Sie sagen, wie viel";
    sheet_or: "Or open this in a browser:", "Oder im Browser öffnen:";
    sheet_hint: "Print this page with your browser. It fits on {}, and says nothing but what is seen here.",
        "Drucken Sie diese Seite mit Ihrem Browser. Sie passt auf {} und sagt nur, was hier zu sehen ist.";
    back: "Back", "Zurück";

    // Front pages.
    home_what: "This is a till for GNU Taler. Wallets pay here, and web shops ask here what is paid.",
        "Das ist eine Kasse für GNU Taler. Wallets bezahlen hier, und Webläden fragen hier, was bezahlt ist.";
    home_customer: "To pay for something, please open the link or scan the code that the shop gave you.",
        "Um etwas zu bezahlen, öffnen Sie bitte den Link oder scannen Sie den Code, den Ihnen der Laden gegeben hat.";
    home_address: "Its address for shops and wallets:", "Ihre Adresse für Läden und Wallets:";
    home_office: "Back office", "Büro des Ladens";
    home_office_hint: "For the people who run the shop.", "Für die Leute, die den Laden führen.";
    home_source: "Free software: source and licence", "Freie Software: Quelltext und Lizenz";
}

/// `text` with each `{}` replaced by one of `values`, from left to right. What has no value stays.
pub fn filled(text: &str, values: &[&str]) -> String {
    let mut values = values.iter();
    let mut pieces = text.split("{}");
    let mut whole = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        whole.push_str(values.next().unwrap_or(&"{}"));
        whole.push_str(piece);
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_leave_room_for_the_same_values() {
        for (name, english, german) in PAIRS {
            assert!(!english.is_empty() && !german.is_empty(), "{name}");
            assert_eq!(english.matches("{}").count(), german.matches("{}").count(), "{name}");
            assert_eq!(english.ends_with('.'), german.ends_with('.'), "{name}");
        }
    }

    #[test]
    fn values_fill_the_gaps_from_left_to_right() {
        assert_eq!(filled("{} of {}", &["1", "{}"]), "1 of {}");
        assert_eq!(filled("{} and {}", &["1"]), "1 and {}");
    }
}
