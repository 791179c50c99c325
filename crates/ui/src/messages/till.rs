//! The back office: sales at the counter.

macro_rules! till_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_till: "Till", "Kasse";
            keypad: "Keypad", "Tastenfeld";
            decimal_mark: "Decimal mark", "Komma";
            key_back: "Delete the last digit", "Letzte Ziffer löschen";
            sale_text: "Text for the receipt (optional)", "Text für den Beleg (freiwillig)";
            till_products: "Products", "Waren";
            till_all: "All", "Alle";
            till_find: "Search, or scan a code", "Suchen oder Code scannen";
            till_categories: "Categories", "Kategorien";
            no_such_product: "No product has this code: {}", "Keine Ware hat diesen Code: {}";
            till_nothing_found: "Nothing found.", "Nichts gefunden.";
            till_sold_out: "sold out", "ausverkauft";
            till_from_age: "from {}", "ab {}";
            till_cart: "Cart", "Korb";
            cart_is_empty: "Choose products, or type an amount and press +.", "Wählen Sie Waren, oder tippen Sie einen Betrag und drücken +.";
            one_more: "One more", "Eins mehr";
            one_less: "One less", "Eins weniger";
            take_out: "Take out", "Herausnehmen";
            key_times: "So many of the next one", "So viele vom Nächsten";
            key_add: "Add to the cart", "In den Korb";
            till_discount: "Discount (amount or %)", "Rabatt (Betrag oder %)";
            till_discount_short: "Discount", "Rabatt";
            discount_and_tip: "Discount, tip, text", "Rabatt, Trinkgeld, Text";
            till_total: "Total", "Summe";
            park_sale: "Park", "Parken";
            parked_sales: "Parked sales", "Geparkte Verkäufe";
            empty_cart: "Empty", "Leeren";
            ways_to_pay: "Ways to pay", "Zahlungsarten";
            pay_cash: "Cash", "Bar";
            pay_card: "Card", "Karte";
            pay_other: "Other", "Andere";
            till_given: "Given by the customer", "Vom Kunden gegeben";
            given_exactly: "Exactly", "Passend";
            till_change: "Change", "Rückgeld";
            till_given_short: "Given", "Gegeben";
            given_and_change: "given {}, change {}", "gegeben {}, Rückgeld {}";
            till_close: "Close", "Schließen";
            full_screen: "Full screen", "Vollbild";
            undo_sale: "Undo this sale", "Verkauf rückgängig machen";
            is_undone: "Undone. Please give the money back.", "Rückgängig gemacht. Bitte geben Sie das Geld zurück.";
            undone_reason: "Undone at the till", "An der Kasse rückgängig gemacht";
            a_sale: "Purchase", "Einkauf";
            charge: "Charge", "Kassieren";
            today: "Today", "Heute";
            nothing_yet: "Nothing yet.", "Noch nichts.";
            sum_paid: "Paid", "Bezahlt";
            sum_refunded: "Refunded", "Erstattet";
            sum_rest: "Left", "Bleibt";
            is_paid_now: "Paid", "Bezahlt";
            sale_over: "The time to pay has passed.", "Die Zeit zum Bezahlen ist vorbei.";
            sold_out_named: "Sold out: {}", "Ausverkauft: {}";
            too_few_left: "Too few of: {}. There are {} left.", "Zu wenig da: {}. Es gibt noch {}.";
            product_gone: "This product is not there any more: {}", "Diese Ware gibt es nicht mehr: {}";
            prices_changed: "A price has changed since this page was loaded. Please look at the cart again.",
                "Ein Preis hat sich geändert, seit diese Seite geladen wurde. Bitte sehen Sie den Korb noch einmal an.";
            not_in_currency: "A product has no price in this currency.", "Eine Ware hat in dieser Währung keinen Preis.";
            discount_too_large: "The discount leaves nothing to pay.", "Der Rabatt lässt nichts zu bezahlen übrig.";
            no_share: "Please type an amount, or a per cent up to 100 like 12.5%.", "Bitte einen Betrag oder bis zu 100 Prozent eingeben, wie 12,5%.";
            given_too_little: "This is less than the price.", "Das ist weniger als der Preis.";
            cart_full: "The cart is too long; please sell it in two parts.", "Der Korb ist zu lang; bitte verkaufen Sie ihn in zwei Teilen.";
            cart_unreadable: "The cart holds a quantity that cannot be sold.", "Im Korb ist eine Menge, die es so nicht gibt.";
            said_unrecorded: "The sale is made, but the payment could not be recorded. Please record it here.",
                "Der Verkauf ist angelegt, aber die Zahlung konnte nicht eingetragen werden. Bitte tragen Sie sie hier ein.";
            paid_in_cash: "Paid in cash", "Bar bezahlt";
            cancel_sale: "Cancel", "Abbrechen";
            next_sale: "Next sale", "Nächster Verkauf";
            sound: "Sound when paid", "Ton bei der Zahlung";
            said_cancelled: "The sale is cancelled.", "Der Verkauf ist abgebrochen.";
        }
    };
}
