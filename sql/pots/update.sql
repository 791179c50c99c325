UPDATE money_pots SET name = :name, description = :description
WHERE instance_serial = :instance AND serial = :serial
