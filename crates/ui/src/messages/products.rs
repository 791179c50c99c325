//! The back office: products, their categories and their stock.

macro_rules! products_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_products: "Products", "Waren";
            products_hint: "What you sell. The till shows a button for each.", "Was Sie verkaufen. Die Kasse zeigt für jede einen Knopf.";
            new_product: "New product", "Neue Ware";
            no_products: "There are no such products.", "Solche Waren gibt es nicht.";
            products_search_hint: "Name or number", "Name oder Nummer";
            products_by_name: "All, by name", "Alle, nach Namen";
            products_low_first: "Low stock first", "Knappe zuerst";
            products_low_only: "Only low stock", "Nur knappe";
            products_low: "Low stock, to be bought again:", "Knapp, nachzukaufen:";
            page_before: "Back", "Zurück";
            page_after: "Next", "Weiter";
            category: "Category", "Warengruppe";
            categories: "Categories", "Warengruppen";
            categories_hint: "The till shows products by category, in the order of the names.", "Die Kasse zeigt Waren nach Warengruppen, in der Reihenfolge der Namen.";
            no_categories: "There are no categories yet.", "Es gibt noch keine Warengruppen.";
            new_category: "New category", "Neue Warengruppe";
            category_name: "Name", "Name";
            category_products: "Products:", "Waren:";
            category_delete_hint: "The products in it stay, without this category.", "Die Waren darin bleiben, ohne diese Warengruppe.";
            category_delete: "Delete the category", "Warengruppe löschen";
            category_gone: "A category was deleted meanwhile. Please choose again.", "Eine Warengruppe wurde inzwischen gelöscht. Bitte wählen Sie noch einmal.";
            product_form: "What it is", "Was es ist";
            product_name: "Name", "Name";
            product_id: "Number or barcode", "Nummer oder Strichcode";
            product_id_hint: "As a scanner reads it. If empty, one is made of the name. It stays as it is.",
                "Wie ein Scanner sie liest. Wenn leer, wird eine aus dem Namen gemacht. Sie bleibt, wie sie ist.";
            product_bad_id: "A number has 1 to 128 characters that can be printed.", "Eine Nummer hat 1 bis 128 druckbare Zeichen.";
            product_price: "Price of one, with tax", "Preis für eins, mit Steuer";
            product_price_hint: "If empty, it is typed at the till.", "Wenn leer, wird er an der Kasse eingegeben.";
            price_open: "price at the till", "Preis an der Kasse";
            product_unit: "Counted in", "Gezählt in";
            product_stock: "How many there are", "Wie viel da ist";
            product_stock_hint: "If empty, it is not counted: there is always enough.", "Wenn leer, wird nicht gezählt: es ist immer genug da.";
            product_picture: "Picture", "Bild";
            product_picture_hint: "PNG, JPEG, WebP or GIF. It is made small before it is sent; without JavaScript it has at most 450 kB.",
                "PNG, JPEG, WebP oder GIF. Es wird vor dem Senden verkleinert; ohne JavaScript hat es höchstens 450 kB.";
            product_picture_now: "The picture as it is now", "Das Bild, wie es jetzt ist";
            product_no_picture: "Remove the picture", "Bild entfernen";
            picture_bad_kind: "This is no picture of a kind that every browser shows. Please take PNG, JPEG, WebP or GIF.",
                "Das ist kein Bild einer Art, die jeder Browser zeigt. Bitte nehmen Sie PNG, JPEG, WebP oder GIF.";
            picture_too_large: "This picture has more than 450 kB. Please make it smaller.", "Dieses Bild hat mehr als 450 kB. Bitte verkleinern Sie es.";
            product_description: "Description", "Beschreibung";
            product_description_hint: "Customers see it in their wallet.", "Kunden sehen sie in ihrer Wallet.";
            product_tax_percent: "Tax in per cent", "Steuer in Prozent";
            product_tax_hint: "It is contained in the price. Like 19 or 8.1; if empty, none is shown.", "Sie ist im Preis enthalten. Wie 19 oder 8,1; wenn leer, wird keine ausgewiesen.";
            product_tax_name: "Name of the tax", "Name der Steuer";
            product_tax_name_hint: "If empty: VAT", "Wenn leer: MwSt.";
            tax_usual: "VAT", "MwSt.";
            no_tax: "Please write a per cent from 0 to 100, like 19 or 8.1.", "Bitte schreiben Sie Prozente von 0 bis 100, wie 19 oder 8,1.";
            product_low_stock: "Low from", "Knapp ab";
            product_low_stock_hint: "When so many are left, it is on the list of what to buy. If empty, when none is left.",
                "Wenn nur noch so viel da ist, steht es auf der Liste zum Nachkaufen. Wenn leer, sobald nichts mehr da ist.";
            product_unfit: "The parts of this product do not fit together.", "Die Angaben zu dieser Ware passen nicht zusammen.";
            product_too_many_categories: "A product is in at most 64 categories.", "Eine Ware ist in höchstens 64 Warengruppen.";
            inventory_full: "There are as many as there may be.", "Es gibt schon so viele, wie es geben darf.";
            no_quantity: "Please write a number like 12 or 2.5.", "Bitte schreiben Sie eine Zahl wie 12 oder 2,5.";
            quantity_too_fine: "A part of one cannot be counted in this unit.", "Teile davon können in dieser Einheit nicht gezählt werden.";
            quantity_unfit: "This quantity cannot be: it must be more than nothing, and as fine as the unit is.",
                "Diese Menge geht nicht: sie muss größer als nichts sein, und so fein wie die Einheit.";
            product_delete_hint: "It is not sold any more, and its stock is forgotten. Orders and the books stay.",
                "Sie wird nicht mehr verkauft, und ihr Bestand wird vergessen. Bestellungen und Bücher bleiben.";
            product_delete_force: "Delete although customers have reserved some", "Löschen, obwohl Kunden etwas davon reserviert haben";
            product_held: "Customers have reserved some of it. Wait until they have paid, or tick the box.",
                "Kunden haben etwas davon reserviert. Warten Sie, bis sie bezahlt haben, oder setzen Sie den Haken.";
            product_delete: "Delete the product", "Ware löschen";
            stock: "Stock", "Bestand";
            stock_low: "low", "knapp";
            stock_endless: "not counted", "nicht gezählt";
            stock_held: "Reserved", "Reserviert";
            stock_sold: "Sold", "Verkauft";
            stock_lost: "Lost", "Verloren";
            stock_why: "What has happened", "Was geschehen ist";
            stock_delivery: "Delivery", "Lieferung";
            stock_breakage: "Broken or spoiled", "Bruch oder verdorben";
            stock_own_use: "Own use", "Eigenverbrauch";
            stock_count: "Counted", "Gezählt";
            stock_return: "Returned by a customer", "Von einem Kunden zurück";
            stock_uncounted: "Do not count any more", "Nicht mehr zählen";
            stock_quantity: "How much", "Wie viel";
            stock_quantity_hint: "After counting: how much there is", "Beim Zählen: wie viel da ist";
            stock_note: "Note", "Notiz";
            stock_note_hint: "May stay empty", "Darf leer bleiben";
            stock_change: "Change the stock", "Bestand ändern";
            stock_movements: "Changes by hand", "Änderungen von Hand";
            stock_no_movements: "There are none yet.", "Es gibt noch keine.";
            stock_left: "then:", "danach:";
            stock_not_counted: "This product is not counted yet. Count it first.", "Diese Ware wird noch nicht gezählt. Zählen Sie sie zuerst.";
            stock_too_little: "There is less than that.", "So viel ist nicht da.";
            said_stocked: "The stock was changed.", "Der Bestand ist geändert.";
            put_back: "Put back into stock", "Zurück in den Bestand";
            put_back_hint: "What the customer has brought back and can be sold again. No money moves by this.",
                "Was der Kunde zurückgebracht hat und wieder verkauft werden kann. Geld bewegt das nicht.";
            put_back_of: "of {}", "von {}";
            put_back_nothing: "Please say how many of what.", "Bitte sagen Sie, wie viel wovon.";
            put_back_too_much: "More than was sold cannot come back.", "Mehr als verkauft wurde, kann nicht zurückkommen.";
            put_back_meanwhile: "Somebody has put something back meanwhile. Please look again.", "Inzwischen wurde etwas zurückgelegt. Bitte sehen Sie noch einmal nach.";
        }
    };
}
