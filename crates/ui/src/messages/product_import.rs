//! The back office: tables of products, in and out.

macro_rules! product_import_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            product_import: "Import and export", "Import und Export";
            import_export_title: "Take all products away", "Alle Waren mitnehmen";
            import_title: "Bring a table along", "Eine Tabelle mitbringen";
            import_hint: "Nothing changes before you have seen what would. Products that are not in the table stay.",
                "Es ändert sich nichts, bevor Sie gesehen haben, was sich ändern würde. Waren, die nicht in der Tabelle stehen, bleiben.";
            import_file: "File", "Datei";
            import_file_hint: "Excel (XLSX) or CSV, at most 2 MB and 10,000 lines", "Excel (XLSX) oder CSV, höchstens 2 MB und 10.000 Zeilen";
            import_text: "Or the table itself", "Oder die Tabelle selbst";
            import_text_hint: "As it is copied from a spreadsheet, with the names of the columns in its first line", "Wie sie aus einer Tabellenkalkulation kopiert wird, mit den Namen der Spalten in der ersten Zeile";
            import_look: "See what would change", "Ansehen, was sich ändern würde";
            import_columns: "The columns", "Die Spalten";
            import_columns_hint: "The first line names the columns, in any order. Only product_id is needed, and name and price for new products. A column that is missing and an empty cell change nothing; a cell with nothing but a hyphen empties the value.",
                "Die erste Zeile nennt die Spalten, in beliebiger Reihenfolge. Nötig ist nur product_id, und für neue Waren name und price. Eine Spalte, die fehlt, und eine leere Zelle ändern nichts; eine Zelle mit nur einem Bindestrich leert den Wert.";
            import_column_id: "Number or barcode, by which a product is known again", "Nummer oder Strichcode, woran eine Ware wiedererkannt wird";
            import_column_name: "Name", "Name";
            import_column_description: "Description", "Beschreibung";
            import_column_categories: "Names of categories, divided by |; new ones are made", "Namen von Warengruppen, getrennt durch |; neue werden angelegt";
            import_column_unit: "Unit, like Piece or kg", "Einheit, wie Piece oder kg";
            import_column_price: "Price of one, with tax; a comma or a dot before the decimals", "Preis für eins, mit Steuer; Komma oder Punkt vor den Nachkommastellen";
            import_column_currency: "Its currency, if it is not {}", "Seine Währung, wenn es nicht {} ist";
            import_column_tax: "Tax in the price: per cent, like 19, or with its name, like VAT 19 %", "Steuer im Preis: Prozente, wie 19, oder mit Namen, wie MwSt. 19 %";
            import_column_minimum_age: "Minimum age in years", "Mindestalter in Jahren";
            import_column_stock: "How much is there now; unlimited: it is not counted", "Wie viel jetzt da ist; unlimited: es wird nicht gezählt";
            import_column_low_stock: "From how many on it is low", "Ab wie viel es knapp ist";
            import_nothing: "Please choose a file.", "Bitte wählen Sie eine Datei.";
            import_unreadable: "This file cannot be read. It must be Excel (XLSX) or CSV.", "Diese Datei kann nicht gelesen werden. Es muss Excel (XLSX) oder CSV sein.";
            import_too_large: "This file is too large.", "Diese Datei ist zu groß.";
            import_too_many_lines: "This table has more than 10,000 lines. Please divide it.", "Diese Tabelle hat mehr als 10.000 Zeilen. Bitte teilen Sie sie.";
            import_too_wide: "Line {} has more than 64 cells.", "Zeile {} hat mehr als 64 Zellen.";
            import_cell_too_long: "A cell in line {} is too long.", "Eine Zelle in Zeile {} ist zu lang.";
            import_empty: "There is nothing in this table.", "In dieser Tabelle steht nichts.";
            import_no_column: "The column {} is missing. The first line must name the columns.", "Die Spalte {} fehlt. Die erste Zeile muss die Spalten nennen.";
            import_unknown_column: "There is no column called {}.", "Eine Spalte {} gibt es nicht.";
            import_column_twice: "The column {} is there twice.", "Die Spalte {} gibt es zweimal.";
            import_problems: "The table has faults. Nothing was changed.", "Die Tabelle hat Fehler. Es wurde nichts geändert.";
            import_line: "Line {}, column {}:", "Zeile {}, Spalte {}:";
            import_more_problems: "There may be more.", "Es kann noch mehr geben.";
            import_fault_needed: "must not be empty for a new product", "darf für eine neue Ware nicht leer sein";
            import_fault_id: "is no number of a product: 1 to 128 characters", "ist keine Nummer einer Ware: 1 bis 128 Zeichen";
            import_fault_again: "this product is in line {} already", "diese Ware steht schon in Zeile {}";
            import_fault_text: "is too long, or has a sign that cannot be printed", "ist zu lang oder hat ein Zeichen, das nicht gedruckt werden kann";
            import_fault_amount: "is no amount like 2.50", "ist kein Betrag wie 2,50";
            import_fault_too_fine: "has more decimals than the currency", "hat mehr Nachkommastellen als die Währung";
            import_fault_currency: "is no currency of this shop", "ist keine Währung dieses Ladens";
            import_fault_tax: "is no tax like 19 or VAT 19 %", "ist keine Steuer wie 19 oder MwSt. 19 %";
            import_fault_quantity: "is no quantity like 12 or 2.5", "ist keine Menge wie 12 oder 2,5";
            import_fault_too_many_digits: "has more decimals than the unit of this product", "hat mehr Nachkommastellen als die Einheit dieser Ware";
            import_fault_age: "is no age in years", "ist kein Alter in Jahren";
            import_fault_categories: "has too many categories", "hat zu viele Warengruppen";
            import_fault_too_large: "is too large", "ist zu groß";
            import_preview: "What would change", "Was sich ändern würde";
            import_added: "New products:", "Neue Waren:";
            import_changed: "Changed products:", "Geänderte Waren:";
            import_unchanged: "Unchanged:", "Unverändert:";
            import_new_categories: "New categories:", "Neue Warengruppen:";
            import_is_new: "new", "neu";
            import_is_changed: "changed", "geändert";
            import_rest: "and {} more", "und {} weitere";
            import_no_change: "The table changes nothing: everything is like that already.", "Die Tabelle ändert nichts: alles ist schon so.";
            import_do: "Take it over", "Übernehmen";
            import_not: "Change nothing", "Nichts ändern";
            import_gone: "This preview is too old. Please choose the file again.", "Diese Vorschau ist zu alt. Bitte wählen Sie die Datei noch einmal.";
            import_meanwhile: "The inventory has changed meanwhile. This is what would change now:", "Der Bestand hat sich inzwischen geändert. Das würde sich jetzt ändern:";
            said_imported: "The table was taken over.", "Die Tabelle ist übernommen.";
            nothing_said: "nothing", "nichts";
        }
    };
}
