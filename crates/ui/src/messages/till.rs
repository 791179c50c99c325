//! The back office: sales at the counter.

macro_rules! till_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_till: "Till", "Kasse";
            keypad: "Keypad", "Tastenfeld";
            decimal_mark: "Decimal mark", "Komma";
            key_back: "Delete the last digit", "Letzte Ziffer löschen";
            sale_text: "Text for the receipt (optional)", "Text für den Beleg (freiwillig)";
            a_sale: "Purchase", "Einkauf";
            charge: "Charge", "Kassieren";
            today: "Today", "Heute";
            nothing_yet: "Nothing yet.", "Noch nichts.";
            sum_paid: "Paid", "Bezahlt";
            sum_refunded: "Refunded", "Erstattet";
            sum_rest: "Left", "Bleibt";
            is_paid_now: "Paid", "Bezahlt";
            sale_over: "The time to pay has passed.", "Die Zeit zum Bezahlen ist vorbei.";
            paid_in_cash: "Paid in cash", "Bar bezahlt";
            cancel_sale: "Cancel", "Abbrechen";
            next_sale: "Next sale", "Nächster Verkauf";
            sound: "Sound when paid", "Ton bei der Zahlung";
            said_cancelled: "The sale is cancelled.", "Der Verkauf ist abgebrochen.";
        }
    };
}
