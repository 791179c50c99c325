SELECT time_zone, day_end_hour FROM instances WHERE id = :id
