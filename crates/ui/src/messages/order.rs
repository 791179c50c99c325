//! The back office: one order.

macro_rules! order_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            history: "History", "Verlauf";
            was_made: "Created", "Angelegt";
            was_claimed: "Claimed by a wallet", "Von einer Wallet übernommen";
            was_paid: "Paid", "Bezahlt";
            was_refunded: "Refund", "Erstattung";
            refund_fetched: "the customer has it", "beim Kunden";
            refund_not_fetched: "not fetched yet", "noch nicht abgeholt";
            refund_refused_by: "{} of it refused by the exchange for good, {}", "{} davon hat der Exchange endgültig abgelehnt, {}";
            refund_refused_hint: "The exchange has refused to give {} back, and no wallet can collect it any more: most likely the money has gone to your bank account already. Please pay the customer back in another way.",
                "Der Exchange hat abgelehnt, {} zurückzugeben, und keine Wallet kann es mehr abholen: wahrscheinlich ist das Geld schon auf Ihrem Bankkonto. Bitte zahlen Sie es dem Kunden auf andere Weise zurück.";
            by_wallet: "with a Taler wallet", "mit einer Taler-Wallet";
            by_cash: "in cash", "bar";
            by_card: "by card", "mit Karte";
            by_bank: "by bank transfer", "per Überweisung";
            by_other: "in another way", "auf andere Weise";
            payable_until: "To be paid until", "Zu bezahlen bis";
            without_limit: "without limit", "unbegrenzt";
            refundable_until: "Refunds possible until", "Erstattung möglich bis";
            office_order_number: "Order number", "Bestellnummer";
            customers_page: "The customer's page", "Die Seite für den Kunden";
            for_customer_pay: "For the customer to pay", "Damit bezahlt der Kunde";
            for_customer_refund: "For the customer to fetch the refund", "Damit holt der Kunde die Erstattung";
            qr_code: "QR code for the customer's wallet", "QR-Code für die Wallet des Kunden";
            office_open_wallet: "Open in wallet", "In der Wallet öffnen";
            refund: "Refund", "Erstatten";
            refund_left: "Can still be given back:", "Kann noch erstattet werden:";
            refund_amount: "Give back", "Zurückgeben";
            refund_reason: "Reason", "Grund";
            refund_reason_hint: "For the books; the customer does not see it", "Für die Bücher; der Kunde sieht ihn nicht";
            grant_refund: "Grant the refund", "Erstattung gewähren";
            paid_at_counter: "Paid at the counter", "An der Theke bezahlt";
            method: "How", "Wie";
            reference: "Reference", "Beleg";
            reference_hint: "Receipt number, for example; may stay empty", "Zum Beispiel die Belegnummer; darf leer bleiben";
            record_payment: "Record the payment", "Zahlung eintragen";
            delete_order: "Delete", "Löschen";
            delete_hint: "The order is deleted permanently. Paid orders are kept for the books.",
                "Die Bestellung verschwindet endgültig. Was bezahlt ist, bleibt für die Bücher.";
            delete_force: "Delete although a wallet may be paying it right now", "Löschen, obwohl eine Wallet sie gerade bezahlen könnte";
            delete_now: "Delete this order", "Diese Bestellung löschen";
            said_made: "The order was created.", "Die Bestellung ist angelegt.";
            said_paid: "The payment was recorded.", "Die Zahlung ist eingetragen.";
            said_refunded: "The refund was granted.", "Die Erstattung ist gewährt.";
            said_deleted: "The order was deleted.", "Die Bestellung ist gelöscht.";
        }
    };
}
