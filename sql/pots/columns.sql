SELECT serial, name, description
FROM money_pots
