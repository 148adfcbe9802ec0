-- End a lease that its holder gives back.
--
-- ARGV from 4 on: the number

if left(ARGV[4]) then
  end_lease(ARGV[4], 'left')
end
