//! The back office: exports for the books.

macro_rules! export_texts {
    ([$next:ident $($others:ident)*] $($texts:tt)*) => {
        $next! { [$($others)*] $($texts)*
            tab_export: "Export", "Export";
            payments: "Payments", "Zahlungen";
            refunds: "Refunds", "Erstattungen";
            time_zone: "Time zone", "Zeitzone";
            time_zone_hint: "In which the days begin and end, like Europe/Berlin",
                "In der die Tage beginnen und enden, wie Europe/Berlin";
            reckon: "Show", "Zeigen";
            no_zone: "There is no such time zone. Example: Europe/Zurich.",
                "Diese Zeitzone gibt es nicht. Eine sieht aus wie Europe/Zurich.";
            business_day: "Business day", "Geschäftstag";
            shop_zone_hint: "For totals, exports and times, like Europe/Berlin. Left empty, it is the daemon's own",
                "Für Summen, Exporte und Zeiten, wie Europe/Berlin. Leer heißt: die des Rechners";
            day_end_hour: "The day ends at (hour)", "Der Tag endet um (Stunde)";
            day_end_hour_hint: "0 is midnight; 4 counts what a bar sells until four in the morning to the day before",
                "0 ist Mitternacht; bei 4 zählt, was eine Bar bis vier Uhr früh verkauft, zum Tag davor";
            no_hour: "The day ends at an hour from 0 to 23.", "Der Tag endet zu einer Stunde von 0 bis 23.";
            spreadsheet: "Spreadsheet (XLSX)", "Tabelle (XLSX)";
            open_spreadsheet: "Spreadsheet (ODS)", "Tabelle (ODS)";
            local_csv: "CSV for spreadsheets", "CSV für Tabellen";
            export_all: "All of these together", "Alles zusammen";
            export_all_hint: "Downloaded together, they show the same moment and agree with each other.",
                "Zusammen heruntergeladen stammen sie aus einem Augenblick und passen zueinander.";
            days_backwards: "The last day is before the first.", "Der letzte Tag liegt vor dem ersten.";
        }
    };
}
