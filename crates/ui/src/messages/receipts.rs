//! Receipts and taxes.

macro_rules! receipts_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            by_tax_rate: "By rate of tax", "Nach Steuersatz";
            tax_rate: "Rate", "Satz";
            net: "Net", "Netto";
            tax: "Tax", "Steuer";
            gross: "Gross", "Brutto";
            without_tax: "No tax stated", "Ohne Angabe zur Steuer";
            all_rates: "Total", "Summe";
            after_refunds: "After refunds", "Nach Erstattung";
            tax_number: "Tax number", "Steuernummer";
            tax_number_hint: "Stands on receipts", "Steht auf Belegen";
            print_receipt: "Receipt", "Beleg";
            print_receipt_page: "Print the receipt", "Beleg drucken";
            customers_copy: "Customer's copy", "Für den Kunden";
            shops_copy: "Shop's copy", "Für den Laden";
            both_copies: "Both copies", "Beide";
            receipt_copy: "Copy", "Ausfertigung";
            receipt_paper: "Paper", "Papier";
            receipt_text: "As text", "Als Text";
            receipt_columns: "{} columns", "{} Zeichen breit";
            print_now: "Print", "Drucken";
            prints_itself: "On this device, receipts are printed as soon as they are opened.",
                "Auf diesem Gerät werden Belege gedruckt, sobald sie geöffnet werden.";
            print_by_itself: "Print receipts as soon as they are opened", "Belege drucken, sobald sie geöffnet werden";
            print_by_hand: "Do not print by itself", "Nicht von selbst drucken";
            back_to_order: "The order", "Die Bestellung";
            subtotal: "Subtotal", "Zwischensumme";
            discount: "Discount", "Rabatt";
            total: "Total", "Gesamt";
            paid_by: "Paid", "Bezahlt";
            paid_with_coins: "GNU Taler", "GNU Taler";
            not_paid: "Not paid", "Nicht bezahlt";
            stays_paid: "Left after refunds", "Bleibt nach Erstattung";
            receipt_link: "QR code of this order's page", "QR-Code der Seite dieser Bestellung";
            cashier: "Cashier", "Kasse";
        }
    };
}
